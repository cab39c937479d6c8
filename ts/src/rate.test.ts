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
    const rate = steady(1000, 20);
    rate.update(20_000, 28_000);
    expect(rate.bytesPerSecond).toBeCloseTo(1000 / Math.E);
  });

  it("gives a time left once it has settled", () => {
    expect(steady(1000, 1).timeLeft(5000)).toBeNull();
    expect(steady(1000, 2).timeLeft(5000)).toBeCloseTo(5);
    expect(new Rate(0, 0).timeLeft(5000)).toBeNull();
  });

  it("does not jump about, though acks come in bursts and the start is slow", () => {
    const size = 300e6;
    const rate = new Rate(0, 0);
    const shown: { total: number; rate: number }[] = [];
    let offset = 0;
    for (let time = 50; time <= 20_000; time += 50) {
      const speed = time < 1000 ? 2e6 : 10e6;
      const burst = (time / 50) % 10 < 5 ? 1.8 : 0.2;
      offset += (speed * burst) / 20;
      rate.update(offset, time);
      const left = rate.timeLeft(size - offset);
      if (left !== null) {
        shown.push({ total: time / 1000 + left, rate: rate.bytesPerSecond ?? 0 });
      }
    }
    expect(shown.length).toBeGreaterThan(300);
    shown.slice(1).forEach((now, i) => {
      expect(Math.abs(now.rate / (shown[i]?.rate ?? 0) - 1)).toBeLessThan(0.15);
    });
    // What it says of the end is right within a quarter after five seconds, and stays so.
    const end = 30.8;
    for (const { total } of shown.slice(60)) expect(Math.abs(total / end - 1)).toBeLessThan(0.25);
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
