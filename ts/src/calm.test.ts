import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { calmly } from "./calm";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it("follows every change if it need not rest", () => {
  const source = signal(1);
  const found = calmly(
    () => 2 * source.value,
    () => 0,
  );
  source.value = 4;
  expect(found.value).toBe(8);
});

it("looks at many changes seldom, and at the last one always", () => {
  const source = signal(0);
  const look = vi.fn(() => source.value);
  const found = calmly(look, () => 200);
  vi.advanceTimersByTime(1000);
  look.mockClear();
  for (let i = 1; i <= 100; i += 1) {
    source.value = i;
    vi.advanceTimersByTime(10);
  }
  expect(look.mock.calls.length).toBeLessThanOrEqual(6);
  vi.advanceTimersByTime(200);
  expect(found.value).toBe(100);
});
