/**
 * Checksums of what is uploaded: CRC-32, of which both halves have a fast one.
 *
 * The checksum of some bytes goes on from that of those before them. So one number, which says that
 * a chunk has come whole, says so of all the file up to its end; and an upload that goes on needs
 * nothing but the checksum of what is stored.
 */

import { crc32Final, crc32Update } from "@foxglove/crc";
import { openReader } from "./reader";

/** Bytes of a block; both halves say the checksum at the end of each. */
export const BLOCK_SIZE = 16 * 1024 ** 2;

/** Bytes that are read at once: half a millisecond for the page, so no worker is needed. */
const PIECE_SIZE = 1024 ** 2;

/** Give the checksum of bytes that are followed by `data`; theirs is `before`. */
export function checksum(data: Uint8Array, before = 0): number {
  return crc32Final(crc32Update(crc32Final(before), data)); // the first one undoes the last one
}

export interface BlockOptions {
  /** Where the first block begins. */
  start?: number;
  /** Checksum of the bytes before `start`. */
  before?: number;
  blockSize?: number;
  signal?: AbortSignal;
}

/**
 * Give the checksum of the first bytes of a file up to the end of each block; the last one ends at
 * `end`, and may be shorter.
 *
 * It throws if the file cannot be read, or is shorter than `end`; and the signal's reason.
 */
export async function blockChecksums(
  file: Blob,
  end: number,
  { start = 0, before = 0, blockSize = BLOCK_SIZE, signal }: BlockOptions = {},
): Promise<number[]> {
  const checksums: number[] = [];
  const reader = openReader(file, start, { reuse: true, head: 0 });
  let running = before;
  try {
    for (let offset = start; offset < end; ) {
      const blockEnd = Math.min(start + (checksums.length + 1) * blockSize, end);
      const size = Math.min(PIECE_SIZE, blockEnd - offset);
      signal?.throwIfAborted();
      const piece = await reader.read(size);
      if (piece.byteLength !== size) throw new Error("It is shorter.");
      running = checksum(new Uint8Array(piece), running);
      offset += size;
      if (offset === blockEnd) checksums.push(running);
      await nextTurn();
    }
  } finally {
    reader.close();
  }
  signal?.throwIfAborted();
  return checksums;
}

/**
 * Let the page do what waits. Reading alone does not: what the stream has ready it gives at once.
 * A timer would be late in a page in the background.
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
