import { describe, expect, it } from "vitest";
import { bytes, duration, percent } from "./format";
import { failureText, limitsText, texts } from "./texts";

const NONE = { accept: [], maxFileSize: null, maxTotalSize: null, maxFiles: null };

describe("numbers", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1 kB"],
    [1550, "1.6 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1 MB"],
    [5e9, "5 GB"],
    [2 ** 53, "9 PB"],
  ])("%d bytes are shown as %s", (size, text) => {
    expect(bytes(size)).toBe(text);
  });

  it.each([
    [0, 10, "0%"],
    [999, 1000, "99%"],
    [10, 10, "100%"],
    [0, 0, "100%"],
  ])("%d of %d are %s", (part, whole, text) => {
    expect(percent(part, whole)).toBe(text);
  });

  it.each([
    [0, "1 sec"],
    [41.2, "42 sec"],
    [59.9, "1 min"],
    [61, "2 min"],
    [3600, "1 hr"],
    [5400, "1.5 hr"],
  ])("%d seconds are shown as %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe("the limits", () => {
  it("are not shown if there are none", () => {
    expect(limitsText(NONE, true)).toBe("");
  });

  it("are all shown", () => {
    const limits = {
      accept: [".csv", "image/*"],
      maxFileSize: 5e9,
      maxTotalSize: 2e10,
      maxFiles: 3,
    };
    expect(limitsText(limits, true)).toBe(
      ".csv, images · up to 3 files · up to 5 GB each · 20 GB in all",
    );
  });

  it("of a single file do not speak of several", () => {
    const limits = { ...NONE, maxFileSize: 5e6, maxTotalSize: 2e10, maxFiles: 3 };
    expect(limitsText(limits, false)).toBe("up to 5 MB");
  });
});

describe("a failure", () => {
  it.each([
    [{ code: "not_accepted", accept: [".csv", "video/*"] }, /not accepted.*\.csv, videos/],
    [{ code: "file_too_large", size: 2e9, limit: 1e9 }, /2 GB.*1 GB/],
    [{ code: "total_too_large", size: 2e9, limit: 1e9 }, /together.*2 GB.*1 GB/],
    [{ code: "too_many_files", limit: 1 }, /Only one file/],
    [{ code: "too_many_files", limit: 4 }, /At most 4 files/],
    [{ code: "unreadable" }, /could not be read/],
    [{ code: "storage", message: "No space left." }, /^No space left\.$/],
  ] as const)("says what happened: %o", (failure, text) => {
    expect(
      failureText("accept" in failure ? { ...failure, accept: [...failure.accept] } : failure),
    ).toMatch(text);
  });
});

describe("the button", () => {
  it.each([
    [false, false, "Choose file", "or drop a file here"],
    [true, false, "Choose files", "or drop files here"],
    [true, true, "Choose folder", "or drop a folder here"],
  ])("multiple %s, directory %s: %s", (multiple, directory, choose, hint) => {
    expect(texts.choose(multiple, directory)).toBe(choose);
    expect(texts.dropHint(multiple, directory)).toBe(hint);
  });
});
