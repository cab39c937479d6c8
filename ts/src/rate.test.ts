import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rate } from "./rate";

function steady(perSecond: number, seconds: number, from = 0): Rate {
  const rate = new Rate(from, 5000);
  for (let second = 1; second <= seconds; second += 1) {
    rate.update(from + perSecond * second, 5000 + 1000 * second);
  }
  return rate;
}

describe("the rate", () => {
  it("is unknown before there is a measurement", () => {
    expect(new Rate(0, 0).bytesPerSecond).toBeNull();
  });

  it("is not measured over a burst", () => {
    const rate = new Rate(0, 0);
    rate.update(1e9, 100);
    expect(rate.bytesPerSecond).toBeNull();
    rate.update(2e9, 1000);
    expect(rate.bytesPerSecond).toBeCloseTo(2e9);
  });

  it("is found at once when it is steady, and kept", () => {
    expect(steady(5e6, 1).bytesPerSecond).toBeCloseTo(5e6);
    expect(steady(5e6, 60).bytesPerSecond).toBeCloseTo(5e6);
  });

  it("does not count what was stored before", () => {
    expect(steady(100, 1, 1e9).bytesPerSecond).toBeCloseTo(100);
  });

  it("has lost two thirds of the old one after three seconds", () => {
    const rate = steady(1000, 1);
    rate.update(1000, 9000);
    expect(rate.bytesPerSecond).toBeCloseTo(1000 / Math.E);
  });

  it("is never negative, nor above the fastest measurement", () => {
    const steps = fc.array(fc.tuple(fc.nat(1e9), fc.nat(100_000)));
    fc.assert(
      fc.property(steps, (all) => {
        const rate = new Rate(0, 0);
        let time = 0;
        for (const [offset, elapsed] of all) {
          time += elapsed;
          rate.update(offset, time);
          expect(rate.bytesPerSecond ?? 0).toBeGreaterThanOrEqual(0);
          expect(rate.bytesPerSecond ?? 0).toBeLessThanOrEqual(1e9 / 0.25);
        }
      }),
    );
  });
});
