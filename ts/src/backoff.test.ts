import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoff, MAX_TRIES } from "./backoff";

describe("a wait", () => {
  it.each([
    [0, 2000],
    [1, 4000],
    [2, 8000],
    [3, 8000],
    [2000, 8000],
  ])("after %d tries is any part of %d ms", (tries, most) => {
    expect(backoff(tries, () => 0)).toBe(0);
    expect(backoff(tries, () => 0.25)).toBe(most / 4);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (part) => {
        const wait = backoff(tries, () => part);
        return wait >= 0 && wait < most;
      }),
    );
  });

  it("is another one each time", () => {
    expect(new Set(Array.from({ length: 20 }, () => backoff(2))).size).toBeGreaterThan(10);
  });

  it("is not asked for often", () => {
    expect(MAX_TRIES).toBe(3);
  });
});
