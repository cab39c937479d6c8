/** Reads a file chunk by chunk. */

import { MIN_CHUNK_SIZE } from "./pacer";

export interface ChunkReader {
  /**
   * Give the next `size` bytes behind the head, fewer only where the file ends.
   *
   * The buffer is valid until the next call: it may be filled again then.
   */
  read(size: number): Promise<ArrayBuffer>;
  close(): void;
}

export interface Buffers {
  /**
   * Whether every chunk comes in one of two buffers. A fresh buffer for each costs a third of the
   * throughput and some 200 MB in the browser, so only a transport that keeps the buffer after
   * sending (a notebook comm) goes without.
   */
  reuse: boolean;
  /** Bytes that are left free at the beginning. */
  head: number;
}

/** Open `file` at `offset`: as a byte stream, unless it is small or the browser has none. */
export function openReader(file: Blob, offset: number, buffers: Buffers): ChunkReader {
  try {
    if (file.size - offset <= MIN_CHUNK_SIZE) return new SliceReader(file, offset, buffers);
    return new ByteStreamReader(file, offset, buffers);
  } catch {
    return new SliceReader(file, offset, buffers);
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
    private readonly buffers: Buffers,
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
    const count = chunk.byteLength - this.buffers.head;
    this.offset += count;
    if (this.buffers.reuse) [this.spare, this.last] = [this.last, chunk];
    if (count === size && this.offset < this.file.size) {
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
    const end = this.buffers.head + size;
    let buffer = spare.byteLength === end ? spare : new ArrayBuffer(end);
    let filled = this.buffers.head;
    while (filled < end) {
      const room = new Uint8Array(buffer, filled, end - filled);
      // Not every browser knows `min`; those that don't fill less, and the loop goes on.
      const { value, done } = await stream.read(room, { min: room.byteLength });
      if (value !== undefined) {
        buffer = value.buffer; // the stream has taken the old one over
        filled += value.byteLength;
      }
      if (done) break;
    }
    return filled === end ? buffer : buffer.slice(0, filled);
  }
}

/** For a few bytes, which a stream costs more than; and for browsers without byte streams. */
export class SliceReader implements ChunkReader {
  constructor(
    private readonly file: Blob,
    private offset: number,
    private readonly buffers: Buffers,
  ) {}

  async read(size: number): Promise<ArrayBuffer> {
    const { head } = this.buffers;
    const bytes = await this.file.slice(this.offset, this.offset + size).arrayBuffer();
    this.offset += bytes.byteLength;
    if (head === 0) return bytes;
    const chunk = new Uint8Array(head + bytes.byteLength);
    chunk.set(new Uint8Array(bytes), head);
    return chunk.buffer;
  }

  close(): void {}
}
