/** The golden messages that both halves of the project read. */

import { readFileSync } from "node:fs";

export interface Golden {
  valid: { name: string; message: Record<string, unknown> }[];
  invalid: { reason: string; message: unknown }[];
}

export interface AcceptCase {
  case: string;
  accept: string[];
  name: string;
  type: string;
  accepted: boolean;
}

export interface RefusalCase {
  case: string;
  limits: Partial<Record<"max_file_size" | "max_total_size" | "max_files", number>> & {
    accept?: string[];
  };
  held?: { files: number; size: number };
  size: number;
  text: string | null;
}

export interface FrameCase {
  name: string;
  message: Record<string, unknown>;
  /** Text, or the bytes of a binary frame. */
  frame: string | ArrayBuffer;
}

/** Of bytes that are in the case, or of as many of `repeated`. */
export interface ChecksumCases {
  block_size: number;
  data: ({ name: string; checksum: number } & (
    | { data: ArrayBuffer; size?: undefined }
    | { data?: undefined; size: number }
  ))[];
  blocks: {
    name: string;
    size: number;
    end: number;
    start?: number;
    before?: number;
    block_size?: number;
    checksums: number[];
  }[];
}

export function checksumCases(): ChecksumCases {
  return load("checksums") as ChecksumCases;
}

export function frameCases(): { token: string; client: FrameCase[]; server: FrameCase[] } {
  return load("frames") as ReturnType<typeof frameCases>;
}

export function golden(name: "client" | "server"): Golden {
  return load(name) as Golden;
}

export function acceptCases(): AcceptCase[] {
  return load("accept") as AcceptCase[];
}

export function refusalCases(): RefusalCase[] {
  return load("refusals") as RefusalCase[];
}

function load(name: string): unknown {
  const file = new URL(`../../tests/golden/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf-8"), (_, value) => revive(value));
}

function revive(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("$base64" in value)) return value;
  return Uint8Array.from(Buffer.from(String(value.$base64), "base64")).buffer;
}
