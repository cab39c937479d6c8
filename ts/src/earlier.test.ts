import "fake-indexeddb/auto";
import { describe, expect, it, vi } from "vitest";
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

  it("is what is being sent, of however many files", async () => {
    const resumables = new Resumables(new FakeStorage() as unknown as Storage);
    const server = Object.assign(new FakeServer(), { auto: false });
    const queue = new UploadQueue(undefined, undefined, resumables);
    queue.attach(server.connect());
    const data = new Blob([repeated(MIN_RESUMABLE)]);
    queue.add(picked(...Array.from({ length: 210 }, (_, n) => makeFile(data, `${n}.bin`))));
    server.answerAll();
    queue.cancel(upload(queue, "0.bin"));
    const sent = [...queue.turns.sending].map(({ id }) => id);
    expect(sent).toEqual(["u1", "u2", "u3"]);
    const begun = await resumables.begunElsewhere("w1");
    expect(begun.map(({ id }) => id)).toEqual(expect.arrayContaining(sent));
  });

  it("is not a small file, even when it is sent", async () => {
    const storage = new FakeStorage();
    const server = Object.assign(new FakeServer(), { auto: false });
    const resumables = new Resumables(storage as unknown as Storage);
    const queue = new UploadQueue(undefined, undefined, resumables);
    queue.attach(server.connect());
    queue.add(picked(makeFile(repeated(MIN_RESUMABLE - 1))));
    server.answerAll();
    expect(states(queue)).toEqual(["running"]);
    expect(storage.items.size).toBe(0);
  });

  it("is what waits to go on, too, and not when that was cancelled", async () => {
    const { later, file, fingerprint } = await begun();
    const server = Object.assign(new FakeServer(), { auto: false });
    const queue = new UploadQueue(undefined, undefined, later);
    queue.attach(server.connect());
    server.answerAll();
    queue.add(picked(file));
    queue.pauseAll();
    const key = queue.uploads.value[0]?.key;
    const start = { attempt: 1, offset: 10, checksum: 0, grant: 10 };
    server.send({ kind: "created", key, id: "u0", secret: "secret of u0", ...start });
    expect(later.others).toEqual(new Set());
    queue.cancel(upload(queue, "a.bin"));
    expect(later.find(fingerprint)).toBeNull();
  });

  it("is remembered for a day from when it was sent last", async () => {
    const hour = 60 * 60 * 1000;
    const { server, queue, later, fingerprint } = await begun();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 23 * hour });
    queue.attach(server.connect({}, true));
    server.answerAll();
    vi.setSystemTime(Date.now() + 2 * hour);
    expect(later.find(fingerprint)?.id).toBe("u0");
    vi.useRealTimers();
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
