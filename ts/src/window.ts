/** How many bytes may be on their way at once, shared by all uploads in the order they ask. */

import { BASE_LIFETIME, CHUNKS_IN_WINDOW, chunkSize, pace, type Sample, START } from "./pacer";

export class Window {
  private inFlight = 0;
  private cap = 0;
  private chunks = CHUNKS_IN_WINDOW;
  private pacing = START;
  private idleSince = 0;
  private readonly waiting: { size: number; resolve: () => void }[] = [];

  /** Bytes on their way. */
  get taken(): number {
    return this.inFlight;
  }

  /** Bytes of the next chunks, at most `cap`. */
  chunkSize(cap: number): number {
    return chunkSize(this.pacing, cap, this.chunks);
  }

  /** Wait until `size` more bytes may be sent. One chunk may always go. */
  acquire(size: number): Promise<void> {
    if (this.inFlight === 0 && performance.now() - this.idleSince > BASE_LIFETIME) {
      this.pacing = START; // the way may be another by now
    }
    return new Promise((resolve) => {
      this.waiting.push({ size, resolve });
      this.admit();
    });
  }

  /** Give back what was acquired: it has arrived, or it will not be sent. */
  release(size: number): void {
    this.inFlight -= size;
    if (this.inFlight === 0) this.idleSince = performance.now();
    this.admit();
  }

  /** Learn from a chunk that was acknowledged. */
  measure(sample: Sample): void {
    this.pacing = pace(this.pacing, sample, this.cap);
    this.admit();
  }

  /** Take what the transport takes at most, in bytes, and in how many chunks that best goes. */
  limit(cap: number, chunks = CHUNKS_IN_WINDOW): void {
    this.cap = cap;
    this.chunks = chunks;
    this.admit();
  }

  private admit(): void {
    const capacity = Math.min(this.cap, this.pacing.window);
    for (;;) {
      const next = this.waiting[0];
      if (next === undefined) return;
      if (this.inFlight > 0 && this.inFlight + next.size > capacity) return;
      this.waiting.shift();
      this.inFlight += next.size;
      next.resolve();
    }
  }
}
