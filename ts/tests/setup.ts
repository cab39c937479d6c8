/** Node 20 has no WebSocket. No test opens one; the page's is only looked at. */
globalThis.WebSocket ??= class {
  send(): void {}
} as unknown as typeof WebSocket;
