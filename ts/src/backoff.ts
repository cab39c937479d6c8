/**
 * How long to wait before something is tried again: longer each time, and at random, so that those
 * who failed together do not come back together ("exponential backoff and full jitter").
 */

/** Milliseconds that the first wait takes at most; each one after that, twice as long. */
const FIRST = 2000;

/** Milliseconds that any takes at most. */
const LONGEST = 8000;

/** Times that something is tried again before a person is asked. */
export const MAX_TRIES = 3;

/** Give milliseconds; `tries`: how often it was tried again before. `random`: from 0 up to 1. */
export function backoff(tries: number, random = Math.random): number {
  return random() * Math.min(FIRST * 2 ** tries, LONGEST);
}
