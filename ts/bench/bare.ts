/** The page of `tests/bench/bare.py`: a file over one WebSocket, or with HTTP PUTs, and no more. */

import { openReader } from "../src/reader";

const KiB = 1024;

/**
 * Chunks that lie on a boundary of 2 MiB get huge pages in the server's page cache. On a virtual
 * machine these may be new to it, and their first use costs ten times as much.
 */
const ODD = 64 * KiB;

/** As the widget sends at its fastest. */
const SOCKET_CHUNK = 2048 * KiB - ODD;
const IN_FLIGHT = 6;

/** Three at a time, each a few chunks long. */
const PUT_CHUNK = 8192 * KiB - ODD;
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
  const reader = openReader(file, 0, true);
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
