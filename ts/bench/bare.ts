/** The page of `tests/bench/bare.py`: a file over one WebSocket, or with HTTP PUTs, and no more. */

import { openReader } from "../src/reader";

const KiB = 1024;

/** The best of 512 KiB to 4 MiB, and of 3 to 13 at once. */
const SOCKET_CHUNK = 896 * KiB;
const IN_FLIGHT = 6;

/**
 * Three at a time, each a few chunks long. Not on a boundary of 2 MiB: there it would get huge pages
 * in the server's page cache. On a virtual machine these may be new to it, and their first use costs
 * ten times as much.
 */
const PUT_CHUNK = 8128 * KiB;
const PUTS = 3;

async function sendOverSocket(file: File): Promise<void> {
  const socket = new WebSocket(`ws://${location.host}/socket?size=${file.size}`);
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  let inFlight = 0;
  let wake = (): void => undefined;
  socket.onmessage = () => {
    inFlight -= 1;
    wake();
  };
  const reader = openReader(file, 0, { reuse: true, head: 0 });
  for (let offset = 0; offset < file.size; offset += SOCKET_CHUNK) {
    while (inFlight >= IN_FLIGHT) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    inFlight += 1;
    socket.send(await reader.read(Math.min(SOCKET_CHUNK, file.size - offset)));
  }
}

async function put(file: File): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < file.size) {
      const offset = next;
      next += PUT_CHUNK;
      const body = file.slice(offset, next);
      await fetch(`/put?offset=${offset}&size=${file.size}`, { method: "PUT", body });
    }
  };
  await Promise.all(Array.from({ length: PUTS }, work));
}

const input = document.querySelector("input");
input?.addEventListener("change", () => {
  const file = input.files?.[0];
  if (file === undefined) return;
  void (location.pathname === "/put.html" ? put(file) : sendOverSocket(file));
});
