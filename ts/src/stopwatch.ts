/** Measures how long something goes on, without its pauses. Time in milliseconds. */
export class Stopwatch {
  private before = 0;
  private since: number | null = null;

  get elapsed(): number {
    return this.before + (this.since === null ? 0 : performance.now() - this.since);
  }

  reset(): void {
    this.before = 0;
    this.since = null;
  }

  start(): void {
    this.since ??= performance.now();
  }

  stop(): void {
    this.before = this.elapsed;
    this.since = null;
  }
}
