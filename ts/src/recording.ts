/**
 * A recording that is sent while it is made. It keeps what the server has not stored, to send it
 * again after the connection was lost, and nothing else: it may go on for hours.
 */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { blockChecksums } from "./checksum";
import { type Buffers, type ChunkReader, SliceReader } from "./reader";
import type { Source, Stretch } from "./source";

export class Recording implements Source {
  readonly file = null;
  /** Bytes recorded. */
  readonly recorded: ReadonlySignal<number>;
  /** Called when less waits. */
  onRelease: () => void = () => undefined;

  private readonly total: Signal<number> = signal(0);
  /** What is kept, and where it begins. */
  private parts: Blob[] = [];
  private start = 0;
  private isOver = false;
  private wake: (() => void)[] = [];

  /** `limit`: bytes that it may have; what comes beyond them is left out. */
  constructor(
    readonly name: string,
    readonly type: string,
    readonly limit = Number.POSITIVE_INFINITY,
  ) {
    this.recorded = this.total;
  }

  get size(): number | null {
    return this.isOver ? this.total.value : null;
  }

  /** Bytes that are kept, as they are not stored on the server. */
  get waiting(): number {
    return this.total.peek() - this.start;
  }

  /** Bytes that may still come. */
  get room(): number {
    return this.limit - this.total.peek();
  }

  add(data: Blob): void {
    const part = data.size > this.room ? data.slice(0, this.room) : data;
    if (part.size === 0 || this.isOver) return;
    this.parts.push(part);
    this.total.value += part.size;
    this.wakeAll();
  }

  /** Nothing more comes. */
  end(): void {
    this.isOver = true;
    this.wakeAll();
  }

  async available(offset: number): Promise<number> {
    while (this.total.peek() <= offset && !this.isOver) {
      await new Promise<void>((resolve) => this.wake.push(resolve));
    }
    return this.total.peek() - offset;
  }

  open(offset: number, buffers: Buffers): ChunkReader {
    this.check(offset);
    let next = offset;
    const read = async (size: number) => {
      const { blob, start } = this.kept(next, next + size);
      const chunk = await new SliceReader(blob, next - start, buffers).read(size);
      next += size;
      return chunk;
    };
    return { read, close: () => undefined };
  }

  async checksum(end: number, { start, before, signal }: Stretch): Promise<number> {
    this.check(start);
    const { blob, start: first } = this.kept(start, end);
    const part = { start: start - first, before, signal };
    return (await blockChecksums(blob, end - first, part)).at(-1) ?? before;
  }

  release(offset: number): void {
    let count = 0;
    for (const { size } of this.parts) {
      if (this.start + size > offset) break;
      this.start += size;
      count += 1;
    }
    if (count === 0) return;
    this.parts = this.parts.slice(count);
    this.onRelease();
  }

  async verify(): Promise<void> {}

  private check(offset: number): void {
    if (offset < this.start) throw new Error("It is not kept.");
  }

  /** Give the parts that hold the bytes up to `to`, and where the first of them begins. */
  private kept(from: number, to: number): { blob: Blob; start: number } {
    const parts: Blob[] = [];
    let start = this.start;
    let end = this.start;
    for (const part of this.parts) {
      end += part.size;
      if (end <= from) start = end;
      else parts.push(part);
      if (end >= to) break;
    }
    return { blob: new Blob(parts), start };
  }

  private wakeAll(): void {
    for (const wake of this.wake.splice(0)) wake();
  }
}
