/** Seconds after which an old measurement has lost two thirds of its weight. */
const TIME_CONSTANT = 3;

/** Exponentially weighted bytes per second; each measurement weighs as long as it lasted. */
export class Rate {
  private rate: number | null = null;

  /** `time` in milliseconds, as `performance.now()` gives it. */
  constructor(
    private offset: number,
    private time: number,
  ) {}

  update(offset: number, time: number): void {
    const elapsed = (time - this.time) / 1000;
    if (elapsed < 0.25) return; // acks come in bursts; a rate needs time to be one
    const current = Math.max(0, offset - this.offset) / elapsed;
    const weight = 1 - Math.exp(-elapsed / TIME_CONSTANT);
    this.rate = this.rate === null ? current : this.rate + weight * (current - this.rate);
    this.offset = offset;
    this.time = time;
  }

  get bytesPerSecond(): number | null {
    return this.rate;
  }
}
