import "fake-indexeddb/auto";
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeLocks, FakeStorage } from "../tests/browser-storage";
import { turn, until } from "../tests/waiting";
import { type FileHandle, Handles, handleOf } from "./handles";
import { Offers } from "./offers";
import type { PickedFile } from "./queue";
import { Resumables } from "./resumables";
import { FileSource } from "./source";
import { Underway } from "./underway";
import { Upload } from "./upload";

const FILE = new File(["abc"], "a.bin", { lastModified: 5 });
const CHANGED = new File(["abc"], "a.bin", { lastModified: 6 });

let storage: FakeStorage;
let locks: FakeLocks;
let handles: Handles;
/** Of the page before, which is gone. */
let before: Resumables;
let fingerprint: string;

/** What a real handle does when it is asked; IndexedDB keeps only a real one. */
function handle(permission: PermissionState, getFile = async () => FILE): FileHandle {
  return { requestPermission: async () => permission, getFile } as unknown as FileHandle;
}

beforeEach(() => {
  storage = new FakeStorage();
  locks = new FakeLocks();
  handles = new Handles();
  before = new Resumables(storage as unknown as Storage, "/app");
  fingerprint = before.fingerprint("upload", FILE, "b/a.bin");
  before.remember(fingerprint, { id: "u1", secret: "s1" });
});

afterEach(() => vi.useRealTimers());

/** A page that is loaded now. */
async function page(place = "upload") {
  const underway = new Underway(locks as unknown as LockManager);
  const resumables = new Resumables(storage as unknown as Storage, "/app", handles, underway);
  const uploads = signal<Upload[]>([]);
  const added: PickedFile[] = [];
  const offers = new Offers(resumables, uploads, (picked) => {
    added.push(...picked);
    for (const { file, relativePath } of picked) {
      const upload = new Upload("k", new FileSource(file), relativePath);
      upload.earlier = resumables.find(resumables.fingerprint(place, file, relativePath));
      uploads.value = [...uploads.value, upload];
    }
  });
  await offers.look(place);
  return { offers, resumables, uploads, added };
}

describe("what a page before has begun", () => {
  it("is offered by its path and size, in its place alone", async () => {
    const { offers } = await page();
    expect(offers.shown.value).toMatchObject([
      { id: "u1", relativePath: "b/a.bin", size: 3, handle: null },
    ]);
    expect((await page("another place")).offers.shown.value).toEqual([]);
  });

  it("is not offered while a page is at it", async () => {
    const underway = new Underway(locks as unknown as LockManager);
    underway.begin("u1");
    expect((await page()).offers.shown.value).toEqual([]);
    underway.end("u1");
    await turn();
    expect((await page()).offers.shown.value).toHaveLength(1);
  });

  it("is not offered where the page itself takes it up", async () => {
    const { offers, resumables } = await page();
    resumables.remember(fingerprint, { id: "u1", secret: "s1" });
    expect(offers.shown.value).toEqual([]);
    resumables.forget("s1");
    expect(offers.shown.value).toEqual([]);
  });

  it("is offered until it has expired", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "Date"] });
    before.remember(fingerprint, { id: "u1", secret: "s1" });
    const { offers } = await page();
    vi.advanceTimersByTime(24 * 60 * 60 * 1000 - 1);
    expect(offers.shown.value).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(offers.shown.value).toEqual([]);
  });

  it("is not offered once another page has ended it", async () => {
    const { offers, resumables } = await page();
    before.forget("s1");
    resumables.changed();
    expect(offers.shown.value).toEqual([]);
  });

  it("is hidden while a row is for the same file, and offered again if that was dismissed", async () => {
    const { offers, uploads, resumables } = await page();
    const upload = new Upload("k", new FileSource(FILE), "b/a.bin");
    upload.earlier = resumables.find(fingerprint);
    uploads.value = [upload];
    expect(offers.shown.value).toEqual([]);
    uploads.value = [];
    expect(offers.shown.value).toHaveLength(1);
  });

  it("is forgotten when it is dismissed, and its handle with it", async () => {
    await handles.keep("u1", { name: "a.bin" } as FileHandle);
    const { offers, resumables } = await page();
    const [offer] = offers.shown.value;
    if (offer === undefined) throw new Error("no offer");
    expect(offer.handle).toEqual({ name: "a.bin" });
    offers.dismiss(offer);
    expect(offers.shown.value).toEqual([]);
    expect(resumables.find(fingerprint)).toBeNull();
    await until(() => storage.items.size === 0);
    expect(await handles.find("u1")).toBeNull();
  });
});

describe("a click", () => {
  async function clicked(handle: FileHandle, clicks = 1) {
    vi.spyOn(handles, "find").mockResolvedValue(handle);
    const { offers, added, resumables } = await page();
    const [offer] = offers.shown.value;
    if (offer === undefined) throw new Error("no offer");
    await Promise.all(Array.from({ length: clicks }, () => offers.goOn(offer)));
    return { offers, added, resumables };
  }

  it("adds the file with its path and handle, once the page may read it", async () => {
    const granted = handle("granted");
    const { offers, added } = await clicked(granted);
    expect(added).toEqual([{ file: FILE, relativePath: "b/a.bin" }]);
    expect(added[0] && handleOf(added[0].file)).toBe(granted);
    expect(offers.shown.value).toEqual([]);
  });

  it("adds the file once if it comes twice", async () => {
    expect((await clicked(handle("granted"), 2)).added).toHaveLength(1);
  });

  it("adds nothing if the page may not read it, and can come again", async () => {
    const denied = handle("denied");
    const { offers, added } = await clicked(denied);
    expect(added).toEqual([]);
    expect(offers.shown.value).toMatchObject([{ id: "u1", handle: denied }]);
  });

  it("leaves the file to be chosen if it was moved", async () => {
    const gone = () => Promise.reject(new DOMException("gone", "NotFoundError"));
    const { offers, added } = await clicked(handle("granted", gone));
    expect(added).toEqual([]);
    expect(offers.shown.value).toMatchObject([{ id: "u1", handle: null }]);
  });

  it("adds a file that was changed as a new one, and forgets what was begun", async () => {
    const { offers, added, resumables } = await clicked(handle("granted", async () => CHANGED));
    expect(added).toEqual([{ file: CHANGED, relativePath: "b/a.bin" }]);
    expect(offers.shown.value).toEqual([]);
    expect(resumables.find(fingerprint)).toBeNull();
  });
});
