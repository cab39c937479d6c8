/**
 * The page of `tests/bench/checksum.py`, and its worker: how fast checksums are.
 *
 * `make bench-checksum` installs the other packages where only its own call of esbuild finds them.
 */

import { crc32 } from "@foxglove/crc";
// @ts-expect-error
import { blake3 } from "@noble/hashes/blake3.js";
// @ts-expect-error
import { sha256 } from "@noble/hashes/sha2.js";
// @ts-expect-error
import { buf } from "crc-32";
// @ts-expect-error
import * as wasm from "hash-wasm";
// @ts-expect-error
import xxhash from "xxhash-wasm";
import { blockChecksums } from "../src/checksum";

type Digest = (data: Uint8Array<ArrayBuffer>) => unknown;

/** Bytes of a block, to milliseconds for it. */
type Times = Record<number, number>;

const CHUNK = 896 * 1024;
const SIZES = [64 * 1024, CHUNK, 16 * 1024 ** 2];
const ROUNDS = 7;

/** Milliseconds that a round takes; more only if a single block does. */
const ROUND = 20;

async function candidates(): Promise<Record<string, Digest>> {
  const fromWasm = async (creating: Promise<typeof wasm>): Promise<Digest> => {
    const hasher = await creating;
    return (data) => hasher.init().update(data).digest();
  };
  const { h64Raw } = await xxhash();
  return {
    "CRC-32, @foxglove/crc": crc32,
    "CRC-32, crc-32": (data) => buf(data, 0),
    "CRC-32, hash-wasm": await fromWasm(wasm.createCRC32()),
    "CRC-32C, hash-wasm": await fromWasm(wasm.createCRC32(0x82f63b78)),
    "Adler-32, hash-wasm": await fromWasm(wasm.createAdler32()),
    "XXH64, hash-wasm": await fromWasm(wasm.createXXHash64()),
    "XXH64, xxhash-wasm": (data) => h64Raw(data),
    "XXH3-64, hash-wasm": await fromWasm(wasm.createXXHash3()),
    "BLAKE3, hash-wasm": await fromWasm(wasm.createBLAKE3()),
    "BLAKE3, @noble/hashes": blake3,
    "SHA-256, hash-wasm": await fromWasm(wasm.createSHA256()),
    "SHA-256, @noble/hashes": sha256,
    // On plain http from another machine there is none.
    ...(crypto.subtle && { "SHA-256, crypto.subtle": (d) => crypto.subtle.digest("SHA-256", d) }),
  };
}

async function measure(digest: Digest): Promise<Times> {
  const times: Times = {};
  for (const size of SIZES) {
    const data = new Uint8Array(size).map((_, i) => Math.imul(i, 2654435761) >>> 13);
    const once = await time(digest, data, 1);
    const best = [];
    for (let round = 0; round < ROUNDS; round++) {
      best.push(await time(digest, data, Math.ceil(ROUND / Math.max(once, 0.005))));
    }
    times[size] = Math.min(...best);
  }
  return times;
}

/** Milliseconds for one of `count` in a row. */
async function time(digest: Digest, data: Uint8Array<ArrayBuffer>, count: number): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < count; i++) await digest(data);
  return (performance.now() - started) / count;
}

async function measureAll(): Promise<Record<string, Times>> {
  const times: Record<string, Times> = {};
  for (const [name, digest] of Object.entries(await candidates())) {
    times[name] = await measure(digest);
  }
  return times;
}

/** Give the milliseconds for each of a few readings of the whole file. */
async function measureBlocks(file: File): Promise<number[]> {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    await blockChecksums(file, file.size);
    times.push(performance.now() - started);
  }
  return times;
}

/** Send messages to ourselves while the file is read, and give the milliseconds between them. */
async function measureHolds(file: File): Promise<number[]> {
  const { port1, port2 } = new MessageChannel();
  const times = [performance.now()];
  port1.onmessage = () => {
    times.push(performance.now());
    port2.postMessage(null);
  };
  port2.postMessage(null);
  await blockChecksums(file, file.size);
  port1.close();
  return times.slice(1).map((time, i) => time - (times[i] ?? time));
}

async function report(file: File): Promise<void> {
  const blocks = await measureBlocks(file);
  const holds = (await measureHolds(file)).sort((a, b) => b - a).slice(0, 100);
  const page = await measureAll();
  const worker = new Worker("checksum.js");
  worker.onmessage = ({ data }) => {
    Object.assign(globalThis, { report: { blocks, holds, page, worker: data } });
  };
}

if (typeof document === "undefined") {
  void measureAll().then(postMessage);
} else {
  const input = document.querySelector("input");
  input?.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file !== undefined) void report(file);
  });
}
