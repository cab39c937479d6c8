import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ADVICE, RETRIES, retryOf } from "./errors";

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

  it("of the page come with what to do, as in the docs", () => {
    const told = documented().map(([code, , advice]) => [code?.replaceAll("`", ""), advice]);
    expect(Object.fromEntries(told)).toMatchObject(ADVICE);
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
