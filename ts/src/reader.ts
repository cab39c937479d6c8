/** Reads a file chunk by chunk. */

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
 * Open `file` at `offset`.
 *
 * With `reuse`, every chunk comes in the same buffer. A fresh 2 MiB buffer for each chunk costs a
 * third of the throughput and some 200 MB in the browser, so only a transport that keeps the buffer
 * after sending (a notebook comm) goes without.
 */
export function openReader(file: Blob, offset: number, reuse: boolean): ChunkReader {
  const rest = offset === 0 ? file : file.slice(offset);
  try {
    return new ByteStreamReader(rest.stream().getReader({ mode: "byob" }), reuse);
  } catch {
    return new SliceReader(rest);
  }
}

class ByteStreamReader implements ChunkReader {
  private buffer = new ArrayBuffer(0);

  constructor(
    private readonly stream: ReadableStreamBYOBReader,
    private readonly reuse: boolean,
  ) {}

  async read(size: number): Promise<ArrayBuffer> {
    let buffer = this.buffer.byteLength === size ? this.buffer : new ArrayBuffer(size);
    let filled = 0;
    while (filled < size) {
      const room = new Uint8Array(buffer, filled, size - filled);
      // Not every browser knows `min`; those that don't fill less, and the loop goes on.
      const { value, done } = await this.stream.read(room, { min: room.byteLength });
      if (value !== undefined) {
        buffer = value.buffer; // the stream has taken the old one over
        filled += value.byteLength;
      }
      if (done) break;
    }
    if (this.reuse) this.buffer = buffer;
    return filled === size ? buffer : buffer.slice(0, filled);
  }

  close(): void {
    void this.stream.cancel().catch(() => undefined);
  }
}

/** For browsers whose files are no byte streams. */
class SliceReader implements ChunkReader {
  private offset = 0;

  constructor(private readonly file: Blob) {}

  async read(size: number): Promise<ArrayBuffer> {
    const chunk = await this.file.slice(this.offset, this.offset + size).arrayBuffer();
    this.offset += chunk.byteLength;
    return chunk;
  }

  close(): void {}
}
