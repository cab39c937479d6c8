/** How many bytes may be on their way at once, shared by all uploads in the order they ask. */
export class Window {
  private inFlight = 0;
  private readonly waiting: { size: number; resolve: () => void }[] = [];

  constructor(private capacity: number) {}

  /** Wait until `size` more bytes may be sent. One chunk may always go. */
  acquire(size: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ size, resolve });
      this.admit();
    });
  }

  /** Give back what was acquired: it has arrived, or it will not be sent. */
  release(size: number): void {
    this.inFlight -= size;
    this.admit();
  }

  resize(capacity: number): void {
    this.capacity = capacity;
    this.admit();
  }

  private admit(): void {
    for (;;) {
      const next = this.waiting[0];
      if (next === undefined) return;
      if (this.inFlight > 0 && this.inFlight + next.size > this.capacity) return;
      this.waiting.shift();
      this.inFlight += next.size;
      next.resolve();
    }
  }
}
