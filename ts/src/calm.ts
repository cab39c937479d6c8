/** Signals that do not hold up the page, however often that which they follow changes. */

import { effect, type ReadonlySignal, signal, untracked } from "@preact/signals";

/**
 * Give what `look` finds, as it changes. `rest` is how many milliseconds must lie between two looks
 * of which the first has found this; the last change is always seen.
 */
export function calmly<T>(look: () => T, rest: (found: T) => number): ReadonlySignal<T> {
  const found = signal(untracked(look));
  const woken = signal(0);
  let next = 0;
  effect(() => {
    woken.value;
    const left = next - performance.now();
    if (left > 0) {
      // It reads nothing else, so that nothing calls it until then.
      setTimeout(() => {
        woken.value += 1;
      }, left);
      return;
    }
    const now = look();
    next = performance.now() + rest(now);
    found.value = now;
  });
  return found;
}
