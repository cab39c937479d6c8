import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import english from "../../panel_chunked/languages/en.json";
import { RETRIES, retryOf } from "./errors";

/** The rows of both tables: code, what happened, what to do, whether it is tried again. */
function documented(): string[][] {
  const text = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf-8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  return rows.map((line) => line.slice(2, -2).split(" | "));
}

describe("the codes", () => {
  it("are those of the docs, and tried again as these say", () => {
    const told = documented().map(([code, , , retry]) => [code?.replaceAll("`", ""), retry]);
    expect(Object.fromEntries(told)).toEqual(RETRIES);
    expect(told).toHaveLength(Object.keys(RETRIES).length);
  });

  it.each([
    "changed",
    "file_too_large",
    "kernel_restarted",
    "not_accepted",
    "recording_gone",
    "too_many_files",
    "total_too_large",
    "unreadable",
  ] as const)("of the page come with what to do, as in the docs: %s", (code) => {
    const [, , advice] = documented().find(([told]) => told === `\`${code}\``) ?? [];
    const text: string | Record<string, string> = english[code];
    for (const form of typeof text === "string" ? [text] : Object.values(text)) {
      expect(form.endsWith(` ${advice}`), form).toBe(true);
    }
  });

  it.each([
    ["storage_full", "by itself"],
    ["storage", "by the button"],
    ["over_size", "no"],
    ["a_code_of_a_newer_server", "no"],
    ["toString", "no"],
  ])("say whether it is tried again: %s, %s", (code, retry) => {
    expect(retryOf({ code, message: "It broke." })).toBe(retry);
  });
});
