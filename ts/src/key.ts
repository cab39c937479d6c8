/** Give a key that no other page has. */
export function uniqueKey(): string {
  // crypto.randomUUID is missing on plain http, where many apps run in a local network.
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
}
