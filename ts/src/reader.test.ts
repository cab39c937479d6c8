import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeFile, pattern, withoutByteStream } from "../tests/files";
import { ByteStreamReader, type ChunkReader, openReader, SliceReader } from "./reader";

const BUFFERS = { reuse: true, head: 0 };

type Open = (file: File, at: number, head?: number) => ChunkReader;

const ROADS: { road: string; open: Open }[] = [
  {
    road: "byte stream, the same buffers",
    open: (file, at, head = 0) => new ByteStreamReader(file, at, { reuse: true, head }),
  },
  {
    road: "byte stream",
    open: (file, at, head = 0) => new ByteStreamReader(file, at, { reuse: false, head }),
  },
  {
    road: "slices",
    open: (file, at, head = 0) => new SliceReader(file, at, { reuse: false, head }),
  },
];

async function readChunks(reader: ChunkReader, rest: number, chunkSize: number): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for (let left = rest; left > 0; left -= chunkSize) {
    const chunk = await reader.read(Math.min(chunkSize, left));
    chunks.push(Buffer.from(chunk.slice(0))); // the buffer may be filled again
  }
  reader.close();
  return chunks;
}

describe.each(ROADS)("a reader by $road", ({ open }) => {
  it.each([
    ["an exact multiple", 30, [10, 10, 10]],
    ["a short last chunk", 25, [10, 10, 5]],
    ["a single chunk", 10, [10]],
    ["less than a chunk", 1, [1]],
    ["no bytes", 0, []],
  ])("gives %s", async (_, size, sizes) => {
    const chunks = await readChunks(open(makeFile(size), 0), size, 10);
    expect(chunks.map(({ length }) => length)).toEqual(sizes);
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(pattern(size)));
  });

  it("leaves room for a head before the bytes", async () => {
    const reader = open(makeFile(25), 0, 4);
    const bytes: number[] = [];
    for (const size of [10, 10, 10]) {
      const chunk = new Uint8Array(await reader.read(size));
      bytes.push(...chunk.subarray(4));
      chunk.fill(99, 0, 4); // what is written there is overwritten, or stays out of the way
    }
    expect(Uint8Array.from(bytes)).toEqual(pattern(25));
  });

  it("goes on from an offset", async () => {
    const chunks = await readChunks(open(makeFile(100), 37), 63, 10);
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(pattern(100).slice(37)));
  });

  it("gives less where the file is at its end", async () => {
    const reader = open(makeFile(7), 0);
    expect(new Uint8Array(await reader.read(10))).toEqual(pattern(7));
    expect((await reader.read(10)).byteLength).toBe(0);
  });

  it("gives the same bytes for any size of chunk and from anywhere", async () => {
    const anyFile = fc.record({
      size: fc.nat(300_000),
      chunkSize: fc.integer({ min: 1000, max: 140_000 }),
      start: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(anyFile, async ({ size, chunkSize, start }) => {
        const offset = Math.min(start, size);
        const chunks = await readChunks(open(makeFile(size), offset), size - offset, chunkSize);
        expect(Buffer.concat(chunks).equals(Buffer.from(pattern(size).slice(offset)))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("may be closed in the middle", async () => {
    const reader = open(makeFile(100), 0);
    await reader.read(10);
    expect(() => reader.close()).not.toThrow();
  });
});

describe("a file", () => {
  it("is read as a byte stream", () => {
    expect(openReader(makeFile(100_000), 0, BUFFERS)).toBeInstanceOf(ByteStreamReader);
  });

  it.each([
    ["it is small", makeFile(1000), 0],
    ["little of it is left", makeFile(100_000), 99_000],
    ["the browser has no byte streams", withoutByteStream(makeFile(100_000)), 0],
  ])("is read in slices if %s", (_, file, offset) => {
    expect(openReader(file, offset, BUFFERS)).toBeInstanceOf(SliceReader);
  });

  it("is read again from where the size of the chunks changes", async () => {
    const reader = new ByteStreamReader(makeFile(100), 0, BUFFERS);
    const sizes = [10, 10, 20, 5, 5, 50];
    const chunks: number[] = [];
    for (const size of sizes) chunks.push(...new Uint8Array(await reader.read(size)));
    expect(Uint8Array.from(chunks)).toEqual(pattern(100));
  });
});

describe("the buffer", () => {
  it("is taken over by the next chunk but one if it may be used again", async () => {
    const reader = new ByteStreamReader(makeFile(40), 0, BUFFERS);
    const first = await reader.read(10);
    expect(first.byteLength).toBe(10);
    await reader.read(10);
    expect(first.byteLength).toBe(0); // detached: the stream fills its memory again
  });

  it.each(ROADS.slice(1))("stays as it is by $road", async ({ open }) => {
    const reader = open(makeFile(30), 0);
    const first = await reader.read(10);
    await reader.read(10);
    expect(new Uint8Array(first)).toEqual(pattern(10));
  });
});
