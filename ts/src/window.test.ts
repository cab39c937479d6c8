import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { turn } from "../tests/waiting";
import { BASE_LIFETIME, CHUNKS_ONE_BY_ONE } from "./pacer";
import { Window } from "./window";

/** A window with who was let in, and how much of it is taken. */
class Ledger {
  readonly admitted: number[] = [];
  readonly asked: number[] = [];
  released = 0;
  inFlight = 0;
  readonly window: Window;

  constructor(capacity: number) {
    this.window = new Window();
    this.window.limit(capacity);
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

const KiB = 1024;

/** A sample of a chunk that came back fast, from a window that was full. */
const fast = { time: 0, roundTrip: 1, size: 64 * KiB, inFlight: 128 * KiB };

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
    ledger.window.limit(10);
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

  it("opens as acks come back fast, up to what the transport takes", async () => {
    const ledger = new Ledger(192 * KiB);
    for (let i = 0; i < 4; i += 1) ledger.acquire(64 * KiB);
    await turn();
    expect(ledger.admitted).toEqual([0, 1]);
    for (let time = 0; time < 9; time += 1) ledger.window.measure({ ...fast, time });
    await turn();
    expect(ledger.admitted).toEqual([0, 1, 2]);
  });

  it("is one chunk where one message waits for another", () => {
    const { window } = new Ledger(1024 * KiB);
    for (let time = 0; time < 9; time += 1) window.measure({ ...fast, time });
    const shared = window.chunkSize(1024 * KiB);
    window.limit(1024 * KiB, CHUNKS_ONE_BY_ONE);
    expect(window.chunkSize(1024 * KiB)).toBeGreaterThanOrEqual(4 * shared);
    expect(window.chunkSize(96 * KiB)).toBe(96 * KiB);
  });

  it("begins anew after a long time with nothing on its way", async () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const ledger = new Ledger(1024 * KiB);
    for (let time = 0; time < 9; time += 1) ledger.window.measure({ ...fast, time });
    const opened = () => {
      for (let i = 0; i < 3; i += 1) ledger.acquire(64 * KiB);
    };
    opened();
    await turn();
    expect(ledger.admitted).toHaveLength(3);
    for (let i = 0; i < 3; i += 1) await ledger.release();
    now.mockReturnValue(BASE_LIFETIME + 1);
    opened();
    await turn();
    expect(ledger.admitted).toHaveLength(5);
    now.mockRestore();
  });
});
