// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ChunkCap, IN_FLIGHT } from "./cap";

const KiB = 1024;
const DAY = 24 * 60 * 60 * 1000;

beforeEach(() => localStorage.clear());

describe("the largest chunk", () => {
  it("is what the server takes, as long as no socket died", () => {
    expect(new ChunkCap(localStorage).limit(2048 * KiB)).toBe(2048 * KiB);
  });

  it("is halved when the socket dies over one that never came through, again and again", () => {
    const cap = new ChunkCap(localStorage);
    cap.lost(1024 * KiB);
    expect(cap.limit(2048 * KiB)).toBe(512 * KiB);
    cap.lost(512 * KiB);
    expect(cap.limit(2048 * KiB)).toBe(256 * KiB);
  });

  it("stays when such chunks have come through: then it was not the size", () => {
    const cap = new ChunkCap(localStorage);
    cap.arrived(1024 * KiB);
    cap.lost(1024 * KiB);
    cap.lost(0);
    expect(cap.limit(2048 * KiB)).toBe(2048 * KiB);
  });

  it("never falls below what every way takes", () => {
    const cap = new ChunkCap(localStorage);
    for (const size of [100, 80, 70, 64, 1]) cap.lost(size * KiB);
    expect(cap.limit(2048 * KiB)).toBe(64 * KiB);
  });

  it("is remembered by the next page, and forgotten after a week", () => {
    new ChunkCap(localStorage).lost(1024 * KiB);
    expect(new ChunkCap(localStorage).limit(2048 * KiB)).toBe(512 * KiB);
    const later = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 8 * DAY);
    expect(new ChunkCap(localStorage).limit(2048 * KiB)).toBe(2048 * KiB);
    later.mockRestore();
  });

  it.each(["no JSON", "null", "{}", '{"size": 5, "until": 1e99}', '{"size": "x", "until": 1e99}'])(
    "is not disturbed by what else is stored: %s",
    (stored) => {
      localStorage.setItem("panel_chunked.max_chunk_size", stored);
      expect(new ChunkCap(localStorage).limit(2048 * KiB)).toBe(2048 * KiB);
    },
  );

  it("does without a storage, and with one that is full", () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new Error("full");
      },
    };
    for (const storage of [null, full as unknown as Storage]) {
      const cap = new ChunkCap(storage);
      cap.lost(1024 * KiB);
      expect(cap.limit(2048 * KiB)).toBe(512 * KiB);
    }
  });
});

describe("the most on its way in a notebook", () => {
  const limit = (cap: ChunkCap) => cap.limit(8192 * KiB);

  it("is halved when so much was lost twice, since once may have been anything", () => {
    const cap = new ChunkCap(localStorage, IN_FLIGHT);
    cap.lost(8192 * KiB);
    expect(limit(cap)).toBe(8192 * KiB);
    cap.lost(8192 * KiB);
    expect(limit(cap)).toBe(4096 * KiB);
    cap.lost(4096 * KiB);
    expect(limit(cap)).toBe(4096 * KiB);
    cap.lost(4096 * KiB);
    expect(limit(cap)).toBe(2048 * KiB);
  });

  it("stays when more than ever came through between two losses", () => {
    const cap = new ChunkCap(localStorage, IN_FLIGHT);
    cap.lost(8192 * KiB);
    cap.arrived(4096 * KiB);
    cap.lost(8192 * KiB);
    expect(limit(cap)).toBe(8192 * KiB);
  });

  it("never falls below what every hub takes", () => {
    const cap = new ChunkCap(localStorage, IN_FLIGHT);
    for (let i = 0; i < 20; i += 1) cap.lost(1024 * KiB);
    expect(limit(cap)).toBe(768 * KiB);
    for (let i = 0; i < 20; i += 1) cap.lost(768 * KiB);
    expect(limit(cap)).toBe(768 * KiB);
  });

  it("is remembered apart from the largest chunk", () => {
    const cap = new ChunkCap(localStorage, IN_FLIGHT);
    cap.lost(8192 * KiB);
    cap.lost(8192 * KiB);
    expect(limit(new ChunkCap(localStorage, IN_FLIGHT))).toBe(4096 * KiB);
    expect(limit(new ChunkCap(localStorage))).toBe(8192 * KiB);
  });
});
