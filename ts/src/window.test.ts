import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { turn } from "../tests/waiting";
import { Window } from "./window";

/** A window with who was let in, and how much of it is taken. */
class Ledger {
  readonly admitted: number[] = [];
  readonly asked: number[] = [];
  released = 0;
  inFlight = 0;
  readonly window: Window;

  constructor(capacity: number) {
    this.window = new Window(capacity);
  }

  acquire(size: number): void {
    const number = this.asked.length;
    this.asked.push(size);
    void this.window.acquire(size).then(() => {
      this.admitted.push(number);
      this.inFlight += size;
    });
  }

  async release(): Promise<void> {
    const next = this.admitted[this.released];
    if (next === undefined) return;
    this.released += 1;
    this.inFlight -= this.sizeOf(next);
    this.window.release(this.sizeOf(next));
    await turn();
  }

  sizeOf(number: number): number {
    return this.asked[number] ?? 0;
  }
}

describe("the window", () => {
  it("lets in what fits, in the order it was asked for", async () => {
    const ledger = new Ledger(10);
    for (const size of [4, 4, 4, 1]) ledger.acquire(size);
    await turn();
    expect(ledger.admitted).toEqual([0, 1]); // the small one does not pass the one before it
    await ledger.release();
    expect(ledger.admitted).toEqual([0, 1, 2, 3]);
  });

  it("lets one chunk in even if it is larger than the window", async () => {
    const ledger = new Ledger(10);
    ledger.acquire(11);
    ledger.acquire(11);
    await turn();
    expect(ledger.admitted).toEqual([0]);
  });

  it("can be filled to the last byte", async () => {
    const ledger = new Ledger(10);
    for (const size of [5, 5, 1]) ledger.acquire(size);
    await turn();
    expect(ledger.inFlight).toBe(10);
  });

  it("lets in those that wait when it grows", async () => {
    const ledger = new Ledger(0);
    for (const size of [5, 5, 5]) ledger.acquire(size);
    ledger.window.resize(10);
    await turn();
    expect(ledger.admitted).toEqual([0, 1]);
  });

  it("is never overfull, never stuck, and first come is first served", async () => {
    const step = fc.oneof(fc.integer({ min: 1, max: 12 }).map(String), fc.constant("release"));
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.array(step), async (capacity, steps) => {
        const ledger = new Ledger(capacity);
        for (const action of steps) {
          if (action === "release") await ledger.release();
          else ledger.acquire(Number(action));
          await turn();
          const alone = ledger.admitted.length - ledger.released <= 1;
          if (!alone) expect(ledger.inFlight).toBeLessThanOrEqual(capacity);
        }
        for (const _ of ledger.asked) await ledger.release();
        expect(ledger.admitted).toEqual(ledger.asked.map((_, number) => number));
        expect(ledger.inFlight).toBe(0);
      }),
    );
  });
});
