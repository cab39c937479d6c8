/** Reads a file chunk by chunk. */

import { MIN_CHUNK_SIZE } from "./pacer";

export interface ChunkReader {
  /**
   * Give the next `size` bytes, fewer only where the file ends.
   *
   * The buffer is valid until the next call: it may be filled again then.
   */
  read(size: number): Promise<ArrayBuffer>;
  close(): void;
}

/**
 * Open `file` at `offset`: as a byte stream, unless it is small or the browser has none.
 *
 * With `reuse`, every chunk comes in one of two buffers. A fresh 2 MiB buffer for each chunk costs a
 * third of the throughput and some 200 MB in the browser, so only a transport that keeps the buffer
 * after sending (a notebook comm) goes without.
 */
export function openReader(file: Blob, offset: number, reuse: boolean): ChunkReader {
  try {
    if (file.size - offset <= MIN_CHUNK_SIZE) return new SliceReader(file, offset);
    return new ByteStreamReader(file, offset, reuse);
  } catch {
    return new SliceReader(file, offset);
  }
}

/**
 * What is being read. Chromium frees the stream of a file that nothing but a pending read refers to,
 * and that read never ends.
 */
const open = new Set<ByteStreamReader>();

/** Reads one chunk ahead: while one is sent, or waits to be, the next one is fetched. */
export class ByteStreamReader implements ChunkReader {
  private stream: ReadableStreamBYOBReader;
  private ahead: Promise<ArrayBuffer> | null = null;
  private aheadSize = 0;
  /** What may be filled, as the one that was given out last is not yet sent. */
  private spare = new ArrayBuffer(0);
  private last = new ArrayBuffer(0);

  constructor(
    private readonly file: Blob,
    private offset: number,
    private readonly reuse: boolean,
  ) {
    this.stream = this.openStream();
    open.add(this);
  }

  async read(size: number): Promise<ArrayBuffer> {
    const expected = Math.min(this.aheadSize, this.file.size - this.offset);
    if (this.ahead !== null && size !== expected) {
      this.cancelStream(); // the size changes seldom; then what is ahead is read again
      this.stream = this.openStream();
      this.ahead = null;
    }
    const chunk = await (this.ahead ?? this.fill(size));
    this.offset += chunk.byteLength;
    if (this.reuse) [this.spare, this.last] = [this.last, chunk];
    if (chunk.byteLength === size && this.offset < this.file.size) {
      this.ahead = this.fill(size);
      this.ahead.catch(() => undefined); // the next call tells, if there is one
      this.aheadSize = size;
    }
    return chunk;
  }

  close(): void {
    open.delete(this);
    this.cancelStream();
  }

  private cancelStream(): void {
    void this.stream.cancel().catch(() => undefined);
  }

  private openStream(): ReadableStreamBYOBReader {
    const rest = this.offset === 0 ? this.file : this.file.slice(this.offset);
    return rest.stream().getReader({ mode: "byob" });
  }

  private async fill(size: number): Promise<ArrayBuffer> {
    const { stream, spare } = this;
    let buffer = spare.byteLength === size ? spare : new ArrayBuffer(size);
    let filled = 0;
    while (filled < size) {
      const room = new Uint8Array(buffer, filled, size - filled);
      // Not every browser knows `min`; those that don't fill less, and the loop goes on.
      const { value, done } = await stream.read(room, { min: room.byteLength });
      if (value !== undefined) {
        buffer = value.buffer; // the stream has taken the old one over
        filled += value.byteLength;
      }
      if (done) break;
    }
    return filled === size ? buffer : buffer.slice(0, filled);
  }
}

/** For a few bytes, which a stream costs more than; and for browsers without byte streams. */
export class SliceReader implements ChunkReader {
  constructor(
    private readonly file: Blob,
    private offset: number,
  ) {}

  async read(size: number): Promise<ArrayBuffer> {
    const chunk = await this.file.slice(this.offset, this.offset + size).arrayBuffer();
    this.offset += chunk.byteLength;
    return chunk;
  }

  close(): void {}
}
