/** Where the bytes of an upload come from: a file, or a recording that grows. */

import { blockChecksums } from "./checksum";
import { type Buffers, type ChunkReader, openReader } from "./reader";

/** Bytes whose checksum is wanted: from `start` on, behind those whose checksum is `before`. */
export interface Stretch {
  start: number;
  before: number;
  signal: AbortSignal;
}

export interface Source {
  readonly name: string;
  readonly type: string;
  /** Bytes; null as long as it may grow. */
  readonly size: number | null;
  /** The file, if it is one: it can be read again from its start, and chosen again later. */
  readonly file: File | null;

  /** Give how many bytes there are behind `offset`, once there are any; 0 at the end. */
  available(offset: number): Promise<number>;

  /** Throws if what is to be read is not there any more; so may reading. */
  open(offset: number, buffers: Buffers): ChunkReader;

  /** Give the checksum of all bytes up to `end`. */
  checksum(end: number, stretch: Stretch): Promise<number>;

  /** What is before `offset` is not asked for again. */
  release(offset: number): void;

  /** Throw if it is known not to be any more what was read. */
  verify(): Promise<void>;
}

export class FileSource implements Source {
  constructor(readonly file: File) {}

  get name(): string {
    return this.file.name;
  }

  get type(): string {
    return this.file.type;
  }

  get size(): number {
    return this.file.size;
  }

  async available(offset: number): Promise<number> {
    return this.size - offset;
  }

  open(offset: number, buffers: Buffers): ChunkReader {
    return openReader(this.file, offset, buffers);
  }

  async checksum(end: number, stretch: Stretch): Promise<number> {
    return (await blockChecksums(this.file, end, stretch)).at(-1) ?? stretch.before;
  }

  release(): void {}

  /** The stream does not notice every change; a new read of a file that has changed fails. */
  async verify(): Promise<void> {
    await this.file.slice(0, 1).arrayBuffer();
  }
}
