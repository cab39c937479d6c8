import { expect, it } from "vitest";
import { levelOf } from "./level";

function sine(amplitude: number): Float32Array {
  return Float32Array.from({ length: 2048 }, (_, i) => amplitude * Math.sin((i * Math.PI) / 64));
}

it.each([
  ["silence", 0, 0],
  ["what is hardly heard", 0.0001, 0],
  ["half way, by ear", 10 ** -1.5, 0.5],
  ["as loud as can be", 1, 1],
  ["what is cut off", 2, 1],
])("the level of %s", (_, amplitude, level) => {
  expect(levelOf(sine(amplitude))).toBeCloseTo(level);
});
