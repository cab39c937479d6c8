/** Let everything happen that is under way, without waiting for a time. */

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Turn until something is so; if it never is, the test fails a little before its timeout. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 4500;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`It never came to ${condition}.`);
    await turn();
  }
}

/** Enough turns for a chunk to be read and sent, if anything may be sent. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 30; i += 1) await turn();
}

/** Tell whether a promise is settled when everything under way has happened. */
export async function settles(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), quiet().then(() => false)]);
}
