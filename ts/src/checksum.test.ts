import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deletedFile, makeFile, pattern, repeated, withoutByteStream } from "../tests/files";
import { checksumCases } from "../tests/golden";
import { BLOCK_SIZE, type BlockOptions, blockChecksums, checksum } from "./checksum";

const { block_size, data, blocks } = checksumCases();

const bytes = () => fc.uint8Array({ maxLength: 300 });

describe("a checksum", () => {
  it.each(data)("of $name is the golden one", (golden) => {
    const bytes = golden.data === undefined ? repeated(golden.size) : new Uint8Array(golden.data);
    expect(checksum(bytes)).toBe(golden.checksum);
  });

  it("of parts is that of all", () => {
    fc.assert(
      fc.property(fc.array(bytes()), (parts) => {
        const running = parts.reduce((before, part) => checksum(part, before), 0);
        expect(running).toBe(checksum(Buffer.concat(parts)));
      }),
    );
  });

  it("is the same wherever in a buffer the bytes are", () => {
    fc.assert(
      fc.property(bytes(), fc.nat(20), (part, head) => {
        const buffer = new Uint8Array(head + part.length + 9).fill(7);
        buffer.set(part, head);
        expect(checksum(new Uint8Array(buffer.buffer, head, part.length))).toBe(checksum(part));
      }),
    );
  });
});

describe.each([
  ["a byte stream", (file: File) => file],
  ["slices", withoutByteStream],
])("blocks by %s", (_, as) => {
  it.each(blocks)("have the golden checksums: $name", async ({ size, end, checksums, ...rest }) => {
    const options: BlockOptions = {};
    if (rest.start !== undefined) options.start = rest.start;
    if (rest.before !== undefined) options.before = rest.before;
    if (rest.block_size !== undefined) options.blockSize = rest.block_size;
    expect(await blockChecksums(as(makeFile(repeated(size))), end, options)).toEqual(checksums);
  });

  it("end with the checksum of all before", async () => {
    const content = pattern(200_000);
    const file = as(makeFile(content));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(content.length),
        fc.nat(content.length),
        fc.integer({ min: 10_000, max: 300_000 }),
        async (one, other, blockSize) => {
          const [start, end] = [Math.min(one, other), Math.max(one, other)];
          const before = checksum(content.subarray(0, start));
          const given = await blockChecksums(file, end, { start, before, blockSize });
          const ends = given.map((_, i) => Math.min(start + (i + 1) * blockSize, end));
          expect(given).toEqual(ends.map((at) => checksum(content.subarray(0, at))));
          expect(ends.at(-1) ?? start).toBe(end);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("are refused of a file that is shorter", async () => {
    await expect(blockChecksums(as(makeFile(70_000)), 70_001)).rejects.toThrow("shorter");
    await expect(blockChecksums(as(makeFile(10)), 30, { start: 20 })).rejects.toThrow("shorter");
  });
});

describe("blocks", () => {
  it("are as long in both halves", () => {
    expect(BLOCK_SIZE).toBe(block_size);
  });

  it("are refused of a file that is gone", async () => {
    await expect(blockChecksums(deletedFile(100_000), 100_000)).rejects.toThrow("gone");
  });

  it("are not read once that was aborted", async () => {
    const aborting = new AbortController();
    const file = withoutByteStream(makeFile(100_000));
    const slice = file.slice.bind(file);
    let slices = 0;
    file.slice = (...range) => {
      slices += 1;
      if (slices === 3) aborting.abort(new Error("enough"));
      return slice(...range);
    };
    const { signal } = aborting;
    const read = blockChecksums(file, file.size, { blockSize: 10_000, signal });
    await expect(read).rejects.toThrow("enough");
    expect(slices).toBe(3);
  });

  it("are not given if that was aborted over the last one", async () => {
    const aborting = new AbortController();
    const read = blockChecksums(makeFile(10), 10, { signal: aborting.signal });
    aborting.abort(new Error("enough"));
    await expect(read).rejects.toThrow("enough");
  });

  it("let the page have a turn between the pieces", async () => {
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns += 1;
      if (!over) setImmediate(count);
    };
    const file = { size: 8, slice: () => ({ arrayBuffer: async () => new ArrayBuffer(1) }) };
    setImmediate(count);
    await blockChecksums(file as unknown as Blob, 8, { blockSize: 1 });
    over = true;
    expect(turns).toBeGreaterThanOrEqual(7);
  });
});
