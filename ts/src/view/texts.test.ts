import { describe, expect, it } from "vitest";
import { refusalCases } from "../../tests/golden";
import { check } from "../limits";
import { ENGLISH } from "./language";
import { chooseText, dropText, failureText, limitsText, nameText } from "./texts";

const { bytes, duration, percent, rate } = ENGLISH;

const NONE = { accept: [], maxFileSize: null, maxTotalSize: null, maxFiles: null };

/** Give the text as if it could be broken at any space. */
function spaced(text: string): string {
  return text.replaceAll("\u00a0", " ");
}

describe("numbers", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1 kB"],
    [1250, "1.3 kB"],
    [1450, "1.5 kB"],
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
    [59, "59 sec"],
    [59.1, "1 min"],
    [61, "1 min 10 sec"],
    [89, "1 min 30 sec"],
    [590, "9 min 50 sec"],
    [591, "10 min"],
    [601, "11 min"],
    [3540, "59 min"],
    [3541, "1 hr"],
    [3600, "1 hr"],
    [5400, "1.5 hr"],
  ])("%d seconds are shown as %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it.each([
    [0, "0.0 kB/s"],
    [512.3, "0.5 kB/s"],
    [9e6, "9.0 MB/s"],
    [9.26e6, "9.3 MB/s"],
    [99.94e6, "99.9 MB/s"],
    [99.96e6, "100 MB/s"],
    [123.4e6, "123 MB/s"],
    [999.96e6, "1.0 GB/s"],
  ])("%d bytes per second are shown as %s", (bytesPerSecond, text) => {
    expect(rate(bytesPerSecond)).toBe(text);
  });
});

describe("the limits", () => {
  it("are not shown if there are none", () => {
    expect(spaced(limitsText(ENGLISH, NONE, true))).toBe("");
  });

  it("are all shown", () => {
    const limits = {
      accept: [".csv", "image/*"],
      maxFileSize: 5e9,
      maxTotalSize: 2e10,
      maxFiles: 3,
    };
    expect(spaced(limitsText(ENGLISH, limits, true))).toBe(
      ".csv, images · up to 3 files · up to 5 GB each · 20 GB in all",
    );
  });

  it("say what is left of them once something is there", () => {
    const limits = { ...NONE, maxTotalSize: 2e10, maxFiles: 3 };
    const text = (files: number, size: number) =>
      spaced(limitsText(ENGLISH, limits, true, { files, size }));
    expect(text(0, 0)).toBe("up to 3 files · 20 GB in all");
    expect(text(2, 12e9)).toBe("up to 3 files (1 left) · 20 GB in all (8 GB left)");
    expect(text(4, 3e10)).toBe("up to 3 files (0 left) · 20 GB in all (0 bytes left)");
    expect(spaced(limitsText(ENGLISH, limits, false, { files: 1, size: 12e9 }))).toBe(
      "up to 20 GB",
    );
  });

  it("are broken between two of them, behind the dot", () => {
    const limits = { ...NONE, maxFileSize: 5e9, maxTotalSize: 2e10 };
    expect(limitsText(ENGLISH, limits, true).split(" ")).toHaveLength(2);
  });

  it("of a single file do not speak of several", () => {
    const limits = { ...NONE, maxFileSize: 5e6, maxTotalSize: 2e10, maxFiles: 3 };
    expect(spaced(limitsText(ENGLISH, limits, false))).toBe("up to 5 MB");
  });

  it("of a single file are the limit of all files, if that is lower or the only one", () => {
    expect(spaced(limitsText(ENGLISH, { ...NONE, maxTotalSize: 5e6 }, false))).toBe("up to 5 MB");
    expect(
      spaced(limitsText(ENGLISH, { ...NONE, maxFileSize: 5e7, maxTotalSize: 5e6 }, false)),
    ).toBe("up to 5 MB");
  });

  it.each([
    [5e6, "up to 5 MB"],
    [5 * 2 ** 20, "up to 5 MiB"],
    [1.5 * 2 ** 30, "up to 1.5 GiB"],
    [125 * 2 ** 20, "up to 125 MiB"],
    [512_000, "up to 512 kB"],
    [1024, "up to 1 KiB"],
    [1_234_567, "up to 1.2 MB"],
  ])("of %d bytes are shown as their author wrote them: %s", (maxFileSize, text) => {
    expect(spaced(limitsText(ENGLISH, { ...NONE, maxFileSize }, false))).toBe(text);
  });
});

describe("a failure", () => {
  it.each(refusalCases())("says the same as on the server: $case", (golden) => {
    const { accept = [], max_file_size, max_total_size, max_files } = golden.limits;
    const limits = {
      accept,
      maxFileSize: max_file_size ?? null,
      maxTotalSize: max_total_size ?? null,
      maxFiles: max_files ?? null,
    };
    const file = { name: "a.bin", type: "application/x", size: golden.size };
    const refusal = check(limits, file, golden.held ?? { files: 0, size: 0 });
    expect(refusal && failureText(ENGLISH, refusal)).toBe(golden.text);
  });

  it.each([
    [{ code: "not_accepted", accept: [".csv", "video/*"] }, /not accepted.*\.csv, videos/],
    [{ code: "file_too_large", size: 2e9, limit: 1e9 }, /2 GB.*1 GB/],
    [{ code: "total_too_large", size: 2e9, limit: 1e9 }, /together.*2 GB.*1 GB/],
    [{ code: "too_many_files", limit: 1 }, /Only one file/],
    [{ code: "too_many_files", limit: 4 }, /At most 4 files/],
    [{ code: "unreadable" }, /could not be read.*\. Choose it again/],
    [{ code: "changed" }, /changed since.*\. Try again/],
    [{ code: "kernel_restarted" }, /restarted\. Run the cell again/],
    [{ code: "storage", message: "No space left." }, /^No space left\.$/],
  ] as const)("says what happened: %o", (failure, text) => {
    expect(
      failureText(
        ENGLISH,
        "accept" in failure ? { ...failure, accept: [...failure.accept] } : failure,
      ),
    ).toMatch(text);
  });
});

describe("a name", () => {
  it.each([
    ["clip.mp4", "clip.mp4"],
    ["photo_\u202egnp.exe", "photo_gnp.exe"],
    ["\u2066a\u2069\nb.txt", "ab.txt"],
    ["תמונה.png", "תמונה.png"],
    ["", "File without a name"],
    ["\u200f", "File without a name"],
  ])("is shown without what would turn it around: %j", (name, shown) => {
    expect(nameText(ENGLISH, name)).toBe(shown);
  });
});

describe("the button", () => {
  it.each([
    [false, false, "Choose file", "or drop a file here"],
    [true, false, "Choose files", "or drop files here"],
    [true, true, "Choose folder", "or drop a folder here"],
  ])("multiple %s, directory %s: %s", (multiple, directory, choose, hint) => {
    expect(chooseText(ENGLISH, multiple, directory)).toBe(choose);
    expect(dropText(ENGLISH, multiple, directory)).toBe(hint);
  });
});
