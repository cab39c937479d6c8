import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeStorage } from "../tests/browser-storage";
import { Resumables } from "./resumables";

const FILE = new File(["abc"], "a.bin", { lastModified: 5 });
const A = new Resumables(null, "/app").fingerprint("upload", FILE, "a.bin");
const SECRET = { id: "u1", secret: "s1" };

function browser() {
  const storage = new FakeStorage();
  return { storage, page: () => new Resumables(storage as unknown as Storage) };
}

afterEach(() => vi.useRealTimers());

describe("what was begun", () => {
  it("is found by a later page, and not by the one that is at it", () => {
    const { page } = browser();
    const first = page();
    first.remember(A, SECRET);
    expect(first.find(A)).toBeNull();
    expect(page().find(A)).toEqual(SECRET);
  });

  it("is forgotten when it has ended, and only by the page that was at it", () => {
    const { page, storage } = browser();
    const first = page();
    first.remember(A, SECRET);
    page().forget("s1");
    expect(page().find(A)).toEqual(SECRET);
    first.forget("s1");
    expect(page().find(A)).toBeNull();
    expect(storage.items.size).toBe(0);
  });

  it("expires after a day", () => {
    vi.useFakeTimers();
    const { page } = browser();
    page().remember(A, SECRET);
    vi.advanceTimersByTime(24 * 60 * 60 * 1000 - 1);
    expect(page().find(A)).toEqual(SECRET);
    vi.advanceTimersByTime(1);
    expect(page().find(A)).toBeNull();
  });

  it("is what was begun last, if the server did not know the one before", () => {
    const { page } = browser();
    page().remember(A, SECRET);
    page().remember(A, { id: "u2", secret: "s2" });
    expect(page().find(A)).toEqual({ id: "u2", secret: "s2" });
  });

  it("is not kept without end", () => {
    const { page } = browser();
    const first = page();
    for (let i = 0; i <= 200; i++) first.remember(`f${i}`, { id: `u${i}`, secret: `s${i}` });
    expect(page().find("f0")).toBeNull();
    expect(page().find("f1")).toEqual({ id: "u1", secret: "s1" });
  });

  it("is kept before what only waits, however much that is", () => {
    const { page } = browser();
    const first = page();
    for (let i = 0; i < 150; i++) {
      first.remember(`f${i}`, { id: `u${i}`, secret: `s${i}` }, null, true);
    }
    first.remember("f149", { id: "u149", secret: "s149" });
    for (const found of ["f0", "f99", "f149"]) expect(page().find(found)).not.toBeNull();
    expect(page().find("f100")).toBeNull();
  });

  it.each(["", "{", "5", "null", "[null, 5, {}]", '[{"fingerprint": "f", "id": 1}]'])(
    "is nothing if the storage holds %j",
    (junk) => {
      const { page, storage } = browser();
      storage.items.set("panel_chunked.uploads", junk);
      expect(page().find("f")).toBeNull();
      page().remember(A, SECRET);
      expect(page().find(A)).toEqual(SECRET);
    },
  );

  it("is nothing where there is no storage, or a full one", () => {
    const full = new FakeStorage();
    full.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    for (const storage of [null, full as unknown as Storage]) {
      const resumables = new Resumables(storage);
      resumables.remember(A, SECRET);
      expect(resumables.find(A)).toBeNull();
    }
  });
});

describe("what is left of pages before", () => {
  it.each([
    ["of a version without a place", "f"],
    ["of a version that says less", JSON.stringify(["", "upload"])],
    ["of a version that says other things", JSON.stringify(["", "upload", 5, 3])],
    ["of another app", JSON.stringify(["/other", "upload", "a.bin", 3, "", 5])],
  ])("leaves out what is %s", async (_, fingerprint) => {
    const { page } = browser();
    page().remember(fingerprint, SECRET);
    page().remember(JSON.stringify(["", "upload", "b/a.bin", 3, "", 5]), {
      id: "u2",
      secret: "s2",
    });
    const begun = await page().begunElsewhere("upload");
    expect(begun).toMatchObject([{ id: "u2", relativePath: "b/a.bin", size: 3 }]);
  });
});

describe("a file is another one", () => {
  const other = new File(["abc"], "a.bin", { lastModified: 6 });
  it.each([
    ["if it was changed since", "/app", "upload", other, "a.bin"],
    ["in another folder", "/app", "upload", FILE, "b/a.bin"],
    ["in another widget", "/app", "other", FILE, "a.bin"],
    ["in another app", "/other", "upload", FILE, "a.bin"],
  ])("%s", (_, app, place, file, path) => {
    expect(new Resumables(null, app).fingerprint(place, file, path)).not.toBe(A);
  });
});
