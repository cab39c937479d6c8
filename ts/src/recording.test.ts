import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pattern } from "../tests/files";
import { quiet, settles } from "../tests/waiting";
import { checksum } from "./checksum";
import { Recording } from "./recording";

const BUFFERS = { reuse: false, head: 0 };

function recorded(...sizes: number[]): Recording {
  const recording = new Recording("a.webm", "audio/webm");
  let end = 0;
  for (const size of sizes) {
    recording.add(new Blob([pattern(end + size).subarray(end)]));
    end += size;
  }
  return recording;
}

async function read(recording: Recording, offset: number, size: number): Promise<Uint8Array> {
  return new Uint8Array(await recording.open(offset, BUFFERS).read(size));
}

describe("a recording", () => {
  it("has no size until it is over", () => {
    const recording = recorded(3, 4);
    expect(recording.size).toBeNull();
    recording.end();
    expect(recording.size).toBe(7);
  });

  it("gives what there is, waits for more, and ends", async () => {
    const recording = recorded(3);
    expect(await recording.available(0)).toBe(3);
    const more = recording.available(3);
    expect(await settles(more)).toBe(false);
    recording.add(new Blob(["ab"]));
    expect(await more).toBe(2);
    const end = recording.available(5);
    recording.end();
    expect(await end).toBe(0);
  });

  it("keeps what is not stored, part by part, and tells that less waits", () => {
    const recording = recorded(3, 4, 5);
    const waiting: number[] = [];
    recording.onRelease = () => waiting.push(recording.waiting);
    for (const offset of [2, 3, 10, 12, 12]) recording.release(offset);
    expect(waiting).toEqual([9, 5, 0]);
  });

  it("can be read from what is kept on, and from nothing before", async () => {
    const recording = recorded(3, 4, 5);
    recording.release(8);
    expect(await read(recording, 8, 4)).toEqual(pattern(12).subarray(8));
    expect(await read(recording, 7, 5)).toEqual(pattern(12).subarray(7));
    expect(() => recording.open(6, BUFFERS)).toThrow();
  });

  it("is read chunk by chunk while it grows", async () => {
    const recording = recorded(3);
    const reader = recording.open(1, { reuse: false, head: 2 });
    expect(new Uint8Array(await reader.read(2)).subarray(2)).toEqual(pattern(3).subarray(1));
    recording.add(new Blob([pattern(7).subarray(3)]));
    recording.release(3);
    expect(new Uint8Array(await reader.read(4)).subarray(2)).toEqual(pattern(7).subarray(3));
  });

  it("gives the checksum of what was sent, though its beginning is not kept", async () => {
    const recording = recorded(3, 4, 5);
    recording.release(7);
    const before = checksum(pattern(7));
    const { signal } = new AbortController();
    expect(await recording.checksum(11, { start: 7, before, signal })).toBe(checksum(pattern(11)));
    expect(await recording.checksum(7, { start: 7, before, signal })).toBe(before);
    await expect(recording.checksum(11, { start: 0, before: 0, signal })).rejects.toThrow();
  });

  it("leaves out what is beyond its limit", async () => {
    const recording = new Recording("a.webm", "audio/webm", 5);
    recording.add(new Blob([pattern(3)]));
    expect(recording.room).toBe(2);
    recording.add(new Blob([pattern(6).subarray(3)]));
    recording.add(new Blob(["more"]));
    recording.end();
    expect(recording.size).toBe(5);
    expect(await read(recording, 0, 5)).toEqual(pattern(5));
  });

  it("takes nothing when it is over", async () => {
    const recording = recorded(3);
    recording.end();
    recording.add(new Blob(["late"]));
    await quiet();
    expect(recording.size).toBe(3);
  });

  it("gives the same bytes in parts and chunks of any size, released or not", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.boolean(), async (parts, chunks, releases) => {
        const recording = recorded(...parts);
        recording.end();
        const size = recording.size ?? 0;
        const bytes: number[] = [];
        let reader = recording.open(0, BUFFERS);
        for (let turn = 0; bytes.length < size; turn += 1) {
          const wanted = chunks[turn % chunks.length] ?? 1;
          const count = Math.min(wanted, await recording.available(bytes.length));
          bytes.push(...new Uint8Array(await reader.read(count)));
          if (releases) recording.release(bytes.length);
          if (turn % 3 === 2) reader = recording.open(bytes.length, BUFFERS);
        }
        expect(Uint8Array.from(bytes)).toEqual(pattern(size));
      }),
    );
  });
});
