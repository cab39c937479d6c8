/**
 * How large a chunk may be on this way. The server tells what it takes itself, but not what a proxy
 * in front of it takes: that shows when the socket dies over a chunk.
 */

import { MIN_CHUNK_SIZE } from "./pacer";

const KEY = "panel_chunked.max_chunk_size";

/** Milliseconds; after that another way, or a mended one, gets its chance. */
const LIFETIME = 7 * 24 * 60 * 60 * 1000;

export class ChunkCap {
  /** The largest that came through. */
  private proven = 0;
  private learned: number;

  constructor(private readonly storage: Storage | null) {
    this.learned = recall(storage);
  }

  /** Give the largest chunk to send where the server takes `size` bytes. */
  limit(size: number): number {
    return Math.min(size, this.learned);
  }

  /** A chunk of `size` bytes was acknowledged. */
  arrived(size: number): void {
    this.proven = Math.max(this.proven, size);
  }

  /** The socket died while `size` bytes, the largest chunk, were on their way. */
  lost(size: number): void {
    if (size <= Math.max(this.proven, MIN_CHUNK_SIZE)) return; // it cannot have been the size
    this.learned = Math.max(MIN_CHUNK_SIZE, Math.floor(size / 2));
    try {
      const until = Date.now() + LIFETIME;
      this.storage?.setItem(KEY, JSON.stringify({ size: this.learned, until }));
    } catch {
      // The storage is full or forbidden: it is known until the page is left.
    }
  }
}

function recall(storage: Storage | null): number {
  try {
    const { size, until } = JSON.parse(storage?.getItem(KEY) ?? "{}");
    const valid = Number.isSafeInteger(size) && size >= MIN_CHUNK_SIZE && Date.now() < until;
    return valid ? size : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
