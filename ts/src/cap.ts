/**
 * How large a chunk may be on this way. The server tells what it takes itself, but not what a proxy
 * in front of it takes: that shows when the socket dies over a chunk.
 */

import { MIN_CHUNK_SIZE } from "./pacer";

/** Milliseconds; after that another way, or a mended one, gets its chance. */
const LIFETIME = 7 * 24 * 60 * 60 * 1000;

interface Options {
  /** Where the storage keeps it. */
  key: string;
  /** Bytes below which a size is never suspected. */
  least: number;
  /** How often the socket dies over a size until it is the size. */
  losses: number;
}

const CHUNK: Options = { key: "panel_chunked.max_chunk_size", least: MIN_CHUNK_SIZE, losses: 1 };

/**
 * Of all that is on its way in a notebook: no hub or proxy that is known takes less than 1 MB. A
 * single loss says little there, since it is only guessed from what does not arrive.
 */
export const IN_FLIGHT: Options = {
  key: "panel_chunked.max_in_flight",
  least: 768 * 1024,
  losses: 2,
};

export class ChunkCap {
  /** The largest that came through. */
  private proven = 0;
  private learned: number;
  /** Losses over more than that. */
  private losses = 0;

  constructor(
    private readonly storage: Storage | null,
    private readonly options = CHUNK,
  ) {
    this.learned = recall(storage, options);
  }

  /** Give the largest chunk to send where the server takes `size` bytes. */
  limit(size: number): number {
    return Math.min(size, this.learned);
  }

  /** A chunk of `size` bytes was acknowledged. */
  arrived(size: number): void {
    if (size <= this.proven) return;
    this.proven = size;
    this.losses = 0;
  }

  /** The socket died while `size` bytes, the largest message, were on their way. */
  lost(size: number): void {
    const { key, least, losses } = this.options;
    if (size <= Math.max(this.proven, least)) return; // it cannot have been the size
    this.losses += 1;
    if (this.losses < losses) return;
    this.losses = 0;
    this.learned = Math.max(least, Math.floor(size / 2));
    try {
      const until = Date.now() + LIFETIME;
      this.storage?.setItem(key, JSON.stringify({ size: this.learned, until }));
    } catch {
      // The storage is full or forbidden: it is known until the page is left.
    }
  }
}

function recall(storage: Storage | null, { key, least }: Options): number {
  try {
    const { size, until } = JSON.parse(storage?.getItem(key) ?? "{}");
    const valid = Number.isSafeInteger(size) && size >= least && Date.now() < until;
    return valid ? size : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
