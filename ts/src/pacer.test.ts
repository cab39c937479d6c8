import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Link, mbit, Simulation } from "../tests/link";
import { BASE_LIFETIME, chunkSize, MIN_CHUNK_SIZE, type Pacing, pace, START } from "./pacer";

const MiB = 1024 * 1024;
const CAP = 12 * MiB;
const S = 1000;

function link(rate: number, roundTrip: number, jitter = 0): Link {
  return { rate: () => mbit(rate), roundTrip: () => roundTrip, jitter };
}

/** A link of which something changes at a time. */
function changing(before: Link, after: Link, when: number): Link {
  const at = (time: number) => (time < when ? before : after);
  return { rate: (time) => at(time).rate(time), roundTrip: (time) => at(time).roundTrip(time) };
}

describe("pacing on a steady link", () => {
  it.each([
    // Mbit/s, round trip, share used in 15 s from the start, wait of a click
    [40, 20, 0.97, 125],
    [100, 100, 0.9, 125],
    [100, 200, 0.9, 125],
    [1000, 40, 0.9, 100],
    [1300, 1, 0.97, 100],
    [10, 30, 0.97, 150],
    [1, 40, 0.9, 1100], // a chunk alone takes half a second
  ])("of %d Mbit/s and %d ms fills it, and adds little delay", (rate, roundTrip, used, wait) => {
    const simulation = new Simulation(link(rate, roundTrip)).run(30 * S);
    expect(simulation.used(0, 15 * S)).toBeGreaterThan(used);
    expect(simulation.wait95(0, 15 * S)).toBeLessThan(wait);
    expect(simulation.wait95(15 * S, 30 * S)).toBeLessThan(wait);
  });

  it("starts fast: a hundred Mbit/s are reached within ten round trips", () => {
    const simulation = new Simulation(link(100, 100)).run(3 * S);
    expect(simulation.used(1 * S, 3 * S)).toBeGreaterThan(0.95);
  });

  it.each([40, 100])("with %d ms of jitter still uses it", (jitter) => {
    const simulation = new Simulation(link(40, 20, jitter)).run(30 * S);
    expect(simulation.used(10 * S, 30 * S)).toBeGreaterThan(0.9);
    expect(simulation.wait95(10 * S, 30 * S)).toBeLessThan(150);
  });

  it("does not take its own queue for the length of the way", () => {
    const simulation = new Simulation(link(40, 20)).run(8 * BASE_LIFETIME);
    expect(simulation.wait95(7 * BASE_LIFETIME, 8 * BASE_LIFETIME)).toBeLessThan(125);
    expect(simulation.used(BASE_LIFETIME, 8 * BASE_LIFETIME)).toBeGreaterThan(0.97);
  });
});

describe("pacing on a link that changes", () => {
  it("follows it down and up again", () => {
    const slow = changing(link(40, 20), link(8, 20), 20 * S);
    const simulation = new Simulation(changing(slow, link(40, 20), 40 * S)).run(60 * S);
    expect(simulation.wait95(22 * S, 40 * S)).toBeLessThan(200);
    expect(simulation.used(40 * S, 43 * S)).toBeGreaterThan(0.9);
    expect(simulation.wait95(42 * S, 60 * S)).toBeLessThan(125);
  });

  it("finds out that the way has become longer", () => {
    const longer = changing(link(40, 20), link(40, 400), 20 * S);
    const simulation = new Simulation(longer).run(20 * S + 4 * BASE_LIFETIME);
    const found = 20 * S + 2 * BASE_LIFETIME;
    expect(simulation.used(found, found + 2 * BASE_LIFETIME)).toBeGreaterThan(0.9);
  });

  it("goes on at full speed after the computer has slept", () => {
    const asleep = changing(link(40, 20), link(0, 20), 20 * S);
    const simulation = new Simulation(changing(asleep, link(40, 20), 80 * S)).run(90 * S);
    expect(simulation.used(80 * S, 83 * S)).toBeGreaterThan(0.9);
    expect(simulation.wait95(82 * S, 90 * S)).toBeLessThan(125);
  });
});

const sample = fc.record({
  time: fc.integer({ min: 0, max: 1e7 }),
  roundTrip: fc.double({ min: 0, max: 1e6, noNaN: true }),
  size: fc.integer({ min: 1, max: 2 * MiB }),
  inFlight: fc.integer({ min: 1, max: 20 * MiB }),
});
const samples = fc
  .array(sample, { maxLength: 60 })
  .map((list) => list.sort((a, b) => a.time - b.time))
  .map((list) => list.map((it) => ({ ...it, inFlight: Math.max(it.size, it.inFlight) })));

function pacedBy(history: Parameters<typeof pace>[1][], cap: number): Pacing {
  return history.reduce((pacing, it) => pace(pacing, it, cap), START);
}

describe("the window", () => {
  it("is never above the cap and never below a chunk, whatever is measured", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: CAP }), (history, cap) => {
        const pacing = pacedBy(history, cap);
        expect(pacing.window).toBeLessThanOrEqual(Math.max(cap, START.window));
        expect(pacing.window).toBeGreaterThanOrEqual(Math.min(cap, MIN_CHUNK_SIZE));
      }),
    );
  });

  it("is never stuck: a fast link opens it again, whatever was measured before", () => {
    fc.assert(
      fc.property(samples, (history) => {
        let pacing = pacedBy(history, CAP);
        const start = history.at(-1)?.time ?? 0;
        for (let time = start; time < start + 3 * BASE_LIFETIME; time += 10) {
          const size = chunkSize(pacing, 2 * MiB);
          const inFlight = Math.max(size, Math.floor(pacing.window / size) * size);
          pacing = pace(pacing, { time, roundTrip: 10, size, inFlight }, CAP);
        }
        expect(pacing.window).toBe(CAP);
      }),
      { numRuns: 30 },
    );
  });

  it("never lets more than the cap out on a link", () => {
    const simulation = new Simulation(link(1300, 1), 3 * MiB).run(2 * S);
    expect(simulation.mostInFlight).toBeGreaterThan(2 * MiB);
    expect(simulation.mostInFlight).toBeLessThanOrEqual(3 * MiB);
  });
});

describe("the chunk size", () => {
  it("follows from the window, between 64 KiB and the cap", () => {
    const size = (window: number, cap: number) => chunkSize({ ...START, window }, cap);
    expect(size(128 * 1024, 2 * MiB)).toBe(64 * 1024);
    expect(size(3 * MiB, 2 * MiB)).toBe(MiB / 2);
    expect(size(CAP, 2 * MiB)).toBe(2 * MiB);
    expect(size(CAP, 261_120)).toBe(261_120);
    expect(size(128 * 1024, 8192)).toBe(8192);
  });

  it("leaves room for several chunks in a window of some size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 6 * MIN_CHUNK_SIZE, max: CAP }), (window) => {
        expect(window / chunkSize({ ...START, window }, 2 * MiB)).toBeGreaterThanOrEqual(6);
      }),
    );
  });
});
