import { describe, expect, it } from "vitest";
import { acceptCases } from "../tests/golden";
import { check, type Limits } from "./limits";

const NONE: Limits = { accept: [], maxFileSize: null, maxTotalSize: null, maxFiles: null };
const NOTHING_HELD = { files: 0, size: 0 };

function verdict(limits: Partial<Limits>, file: object = {}, held = NOTHING_HELD): string | null {
  const facts = { name: "a.bin", type: "application/x", size: 10, ...file };
  return check({ ...NONE, ...limits }, facts, held)?.code ?? null;
}

describe("the kind of a file", () => {
  it.each(acceptCases())(
    "is judged as on the server: $case",
    ({ accept, name, type, accepted }) => {
      expect(verdict({ accept }, { name, type })).toBe(accepted ? null : "not_accepted");
    },
  );

  it("is left to the server where the browser does not know the type", () => {
    expect(verdict({ accept: ["image/*"] }, { name: "a.heic", type: "" })).toBeNull();
  });

  it("is judged by its name where only extensions are accepted", () => {
    expect(verdict({ accept: [".csv"] }, { name: "a.heic", type: "" })).toBe("not_accepted");
  });
});

describe("sizes and counts", () => {
  it("have no limit by default", () => {
    expect(verdict({}, { size: 2 ** 52 }, { files: 10 ** 6, size: 2 ** 52 })).toBeNull();
  });

  it("may reach their limits", () => {
    const limits = { maxFileSize: 10, maxTotalSize: 30, maxFiles: 3 };
    expect(verdict(limits, { size: 10 }, { files: 2, size: 20 })).toBeNull();
  });

  it.each([
    ["file_too_large", { maxFileSize: 9 }],
    ["total_too_large", { maxTotalSize: 29 }],
    ["too_many_files", { maxFiles: 2 }],
    ["file_too_large", { maxFileSize: 0 }],
    ["too_many_files", { maxFiles: 0 }],
  ])("are refused beyond them: %s", (code, limits) => {
    expect(verdict(limits, { size: 10 }, { files: 2, size: 20 })).toBe(code);
  });

  it("are told with what is allowed", () => {
    const file = { name: "a", type: "", size: 10 };
    expect(check({ ...NONE, maxFileSize: 5 }, file, NOTHING_HELD)).toEqual({
      code: "file_too_large",
      size: 10,
      limit: 5,
    });
    expect(check({ ...NONE, maxTotalSize: 12 }, file, { files: 1, size: 3 })).toEqual({
      code: "total_too_large",
      size: 13,
      limit: 12,
    });
  });
});
