import { afterEach, expect, it, vi } from "vitest";
import { Stopwatch } from "./stopwatch";

afterEach(() => void vi.restoreAllMocks());

it("a stopwatch counts what goes on, without its pauses", () => {
  const now = vi.spyOn(performance, "now");
  const watch = new Stopwatch();
  const at = (time: number) => now.mockReturnValue(time);
  at(100);
  watch.start();
  at(300);
  watch.start(); // it goes on already
  expect(watch.elapsed).toBe(200);
  watch.stop();
  at(1000);
  expect(watch.elapsed).toBe(200);
  watch.start();
  at(1050);
  expect(watch.elapsed).toBe(250);
  watch.reset();
  expect(watch.elapsed).toBe(0);
});
