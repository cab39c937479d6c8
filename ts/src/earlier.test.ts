import "fake-indexeddb/auto";
import { describe, expect, it } from "vitest";
import { FakeLocks, FakeStorage } from "../tests/browser-storage";
import { FakeServer } from "../tests/fake-server";
import { makeFile, picked, repeated } from "../tests/files";
import { states, upload } from "../tests/queue";
import { quiet } from "../tests/waiting";
import { type FileHandle, Handles } from "./handles";
import { UploadQueue } from "./queue";
import { MIN_RESUMABLE, Resumables } from "./resumables";
import { Underway } from "./underway";

describe("what a later page goes on with", () => {
  /** A page that has begun a file of which it has a handle, and perhaps an earlier upload. */
  async function begun(
    earlier?: { id: string; secret: string },
    options: Partial<FakeServer> = {},
  ) {
    const storage = new FakeStorage() as unknown as Storage;
    const underway = new Underway(new FakeLocks() as unknown as LockManager);
    const pages = () => new Resumables(storage, "", new Handles(), underway);
    const handle = { name: "a.bin" } as FileHandle;
    const file = Object.assign(makeFile(repeated(MIN_RESUMABLE)), { handle });
    const fingerprint = pages().fingerprint("w1", file, "a.bin");
    if (earlier !== undefined) pages().remember(fingerprint, earlier, handle);
    underway.end(earlier?.id ?? "");
    const server = Object.assign(new FakeServer(), options);
    const queue = new UploadQueue(undefined, undefined, pages());
    queue.attach(server.connect());
    await quiet();
    server.auto = false;
    queue.add(picked(file));
    server.answer();
    return { server, queue, underway, file, fingerprint, later: pages(), handle };
  }

  it("is the file by its handle, which is held until the upload ends", async () => {
    const { queue, underway, later, fingerprint, handle } = await begun();
    expect(later.find(fingerprint)?.id).toBe("u0");
    expect(await later.handles.find("u0")).toEqual(handle);
    expect(await underway.ids()).toEqual(new Set(["u0"]));
    queue.cancel(upload(queue, "a.bin"));
    await quiet();
    expect(later.find(fingerprint)).toBeNull();
    expect(await later.handles.find("u0")).toBeNull();
    expect(await underway.ids()).toEqual(new Set());
  });

  it("goes on once if the file is chosen twice before the server answers", async () => {
    const { later, file } = await begun();
    const server = Object.assign(new FakeServer(), { auto: false });
    const queue = new UploadQueue(undefined, undefined, later);
    queue.attach(server.connect());
    server.answerAll();
    for (const _ of [1, 2]) queue.add(picked(file));
    queue.add(picked(file, file));
    const files = server.sent("create").flatMap((it) => it.files);
    expect(files.map(({ resume }) => resume?.id)).toEqual(["u0", ...Array(3).fill(undefined)]);
  });

  it("is not what the server does not know any more", async () => {
    const { later, fingerprint } = await begun({ id: "old", secret: "s" });
    expect(later.find(fingerprint)?.id).toBe("u0");
    expect(later.others).toEqual(new Set(["u0"]));
    expect(await later.handles.find("old")).toBeNull();
  });

  it("is nothing where no other session can go on, not even what was begun earlier", async () => {
    const earlier = { id: "old", secret: "s" };
    const { later, fingerprint, underway } = await begun(earlier, { canResume: false });
    expect(later.find(fingerprint)).toBeNull();
    expect(await later.begunElsewhere("w1")).toEqual([]);
    expect(await underway.ids()).toEqual(new Set());
  });

  it("is remembered when another page takes it over, which is at it alone", async () => {
    const { server, queue, underway, later, fingerprint } = await begun();
    server.send({ kind: "error", id: "u0", code: "taken_over", message: "Elsewhere." });
    await quiet();
    expect(states(queue)).toEqual(["failed"]);
    expect(later.find(fingerprint)?.id).toBe("u0");
    expect(await underway.ids()).toEqual(new Set());
  });
});
