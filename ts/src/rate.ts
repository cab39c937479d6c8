/** Seconds after which an old measurement has lost two thirds of its weight. */
const TIME_CONSTANT = 3;

/** Seconds of measurements that a time left needs: the start of an upload says little. */
const SETTLED = 2;

/**
 * Exponentially weighted bytes per second; each measurement weighs as long as it lasted. At first it
 * is the mean since the start, so that a slow start is soon forgotten.
 */
export class Rate {
  private rate: number | null = null;
  private readonly start: number;

  /** `time` in milliseconds, as `performance.now()` gives it. */
  constructor(
    private offset: number,
    private time: number,
  ) {
    this.start = time;
  }

  update(offset: number, time: number): void {
    const elapsed = (time - this.time) / 1000;
    if (elapsed < 0.25) return; // acks come in bursts; a rate needs time to be one
    const current = Math.max(0, offset - this.offset) / elapsed;
    const share = (1000 * elapsed) / (time - this.start);
    const weight = Math.max(share, 1 - Math.exp(-elapsed / TIME_CONSTANT));
    this.rate = (this.rate ?? 0) + weight * (current - (this.rate ?? 0));
    this.offset = offset;
    this.time = time;
  }

  get bytesPerSecond(): number | null {
    return this.rate;
  }

  /** Seconds until `remaining` bytes are stored; null as long as that is not known. */
  timeLeft(remaining: number): number | null {
    const settled = this.time - this.start >= 1000 * SETTLED;
    return settled && this.rate ? remaining / this.rate : null;
  }
}
