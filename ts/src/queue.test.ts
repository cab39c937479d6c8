import "fake-indexeddb/auto";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { FakeLocks, FakeStorage } from "../tests/browser-storage";
import { FakeServer, type ModelSettings } from "../tests/fake-server";
import { deletedFile, makeFile, pattern, picked, repeated } from "../tests/files";
import { quiet, turn, until } from "../tests/waiting";
import { type FileHandle, Handles } from "./handles";
import { UploadQueue } from "./queue";
import { MIN_RESUMABLE, Resumables } from "./resumables";
import { FIRST_QUESTION, SHOWN_AFTER } from "./silence";
import { Underway } from "./underway";
import type { UploadState } from "./upload";
import { UNSEEN_FOR } from "./views";

const KiB = 1024;

function setUp(settings: ModelSettings = {}, options: Partial<FakeServer> = {}) {
  const server = Object.assign(new FakeServer(), options);
  const queue = new UploadQueue();
  const batches: string[][] = [];
  queue.onBatch = (files) => batches.push(files.map(({ file }) => file.name));
  queue.attach(server.connect(settings));
  return { server, queue, batches };
}

function states(queue: UploadQueue): UploadState["kind"][] {
  return queue.uploads.value.map(({ state }) => state.value.kind);
}

function upload(queue: UploadQueue, name: string) {
  const found = queue.uploads.value.filter(({ source }) => source.name === name).at(-1);
  if (found === undefined) throw new Error(`There is no row for ${name}.`);
  return found;
}

async function ended(queue: UploadQueue): Promise<void> {
  await until(() => queue.uploads.value.every(({ active }) => !active));
}

/** Whether a new upload gets all of the window, and no more of it. */
async function windowIsWhole(server: FakeServer, queue: UploadQueue): Promise<boolean> {
  server.answerAll();
  server.auto = false;
  queue.add(picked(makeFile(server.maxInFlight * 3, "probe.bin")));
  server.answerAll();
  await until(() => server.inFlight >= server.maxInFlight);
  await quiet();
  return server.inFlight === server.maxInFlight;
}

describe("files", () => {
  it("arrive whole, whatever their size", async () => {
    const { server, queue } = setUp();
    const sizes = [0, 1, 9, 10, 11, 30, 1234];
    queue.add(picked(...sizes.map((size) => makeFile(size, `${size}.bin`))));
    await ended(queue);
    for (const size of sizes) expect(server.bytes(`${size}.bin`)).toEqual(pattern(size));
    expect(new Set(states(queue))).toEqual(new Set(["complete"]));
    expect(await windowIsWhole(server, queue)).toBe(true);
  });

  it("arrive whole over a comm, whose buffers are not used again", async () => {
    const { server, queue } = setUp({}, { transport: "comm" });
    queue.add(picked(makeFile(95)));
    await ended(queue);
    expect(server.bytes("a.bin")).toEqual(pattern(95));
  });

  it("go three at a time", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 1000 });
    queue.add(picked(...[1, 2, 3, 4, 5].map((n) => makeFile(30, `${n}.bin`))));
    server.answerAll();
    await quiet();
    const ids = new Set(server.sent("chunk").map(({ id }) => id));
    expect(ids.size).toBe(3);
    expect(states(queue).filter((kind) => kind === "created")).toHaveLength(2);
  });

  it("wait for the welcome", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(10)));
    await quiet();
    expect(server.received.map(({ kind }) => kind)).toEqual(["hello"]);
    server.auto = true;
    server.answer();
    await ended(queue);
    expect(states(queue)).toEqual(["complete"]);
  });

  it("of one name are two uploads", async () => {
    const { server, queue } = setUp();
    queue.add(picked(makeFile(pattern(20, 1)), makeFile(pattern(20, 2))));
    await ended(queue);
    const contents = server.uploads.map(({ chunks }) => chunks.flatMap((chunk) => [...chunk]));
    expect(contents).toEqual([[...pattern(20, 1)], [...pattern(20, 2)]]);
  });

  it("share the window", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(...[1, 2, 3].map((n) => makeFile(100, `${n}.bin`))));
    for (let i = 0; i < 20; i += 1) {
      server.answer();
      await quiet();
      expect(server.inFlight).toBeLessThanOrEqual(server.maxInFlight);
    }
  });

  it("are all announced, 1,200 of them, a few at a time", async () => {
    const { server, queue, batches } = setUp();
    queue.add(picked(...Array.from({ length: 1200 }, (_, n) => makeFile(n % 3, `${n}.bin`))));
    await ended(queue);
    expect(server.uploads).toHaveLength(1200);
    expect(server.uploads.every(({ state }) => state === "complete")).toBe(true);
    const messages = server.sent("create");
    const sizes = messages.map((message) => JSON.stringify(message).length);
    expect(Math.max(...sizes)).toBeLessThan(16 * 1024);
    expect(messages.length).toBeLessThan(40);
    expect(new Set(messages.map(({ batch }) => batch)).size).toBe(1);
    expect(server.openBatches.size).toBe(0);
    expect(messages.map(({ more }) => more).lastIndexOf(true)).toBe(messages.length - 2);
    expect(batches.map((names) => names.length)).toEqual([1200]);
  });

  it("that wait are not announced before there is room", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(...Array.from({ length: 1200 }, (_, n) => makeFile(1, `${n}.bin`))));
    server.answerAll();
    expect(server.uploads.length).toBeGreaterThan(400);
    expect(server.uploads.length).toBeLessThanOrEqual(500);
  });
});

describe("limits", () => {
  it("refuse a file before anything is sent", async () => {
    const { server, queue } = setUp({ accept: [".csv"], max_file_size: 20 });
    queue.add(picked(makeFile(1, "a.exe"), makeFile(21, "b.csv"), makeFile(20, "c.csv")));
    await ended(queue);
    expect(states(queue)).toEqual(["refused", "refused", "complete"]);
    expect(server.uploads.map(({ facts }) => facts.name)).toEqual(["c.csv"]);
  });

  it("count what is there and what is under way", async () => {
    const { queue } = setUp({ max_files: 3, max_total_size: 100 });
    queue.add(picked(makeFile(50, "1")));
    await ended(queue);
    queue.add(picked(makeFile(40, "2"), makeFile(11, "3"), makeFile(10, "4"), makeFile(0, "5")));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "complete", "refused", "complete", "refused"]);
  });

  it("refuse all files but one in a widget for a single file", async () => {
    const { server, queue } = setUp({ multiple: false });
    queue.add(picked(makeFile(5, "1"), makeFile(5, "2"), makeFile(5, "3")));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "refused", "refused"]);
    expect(upload(queue, "2").state.value).toMatchObject({ failure: { limit: 1 } });
    expect(server.uploads).toHaveLength(1);
  });

  it("are those of the moment", async () => {
    const { server, queue } = setUp();
    server.set({ max_file_size: 5 });
    queue.add(picked(makeFile(6)));
    expect(states(queue)).toEqual(["refused"]);
  });

  it("let nothing in while the widget is disabled", async () => {
    const { server, queue } = setUp({ disabled: true });
    queue.add(picked(makeFile(6)));
    await quiet();
    expect(queue.uploads.value).toEqual([]);
    expect(server.sent("create")).toEqual([]);
  });

  it("of the server are shown with its words", async () => {
    const { queue } = setUp({}, { refuse: ({ name }) => (name === "b" ? "not_accepted" : null) });
    queue.add(picked(makeFile(5, "a"), makeFile(5, "b"), makeFile(5, "c")));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "refused", "complete"]);
    expect(upload(queue, "b").state.value).toMatchObject({ failure: { message: "Refused." } });
  });
});

describe("cancel", () => {
  it("stops at once, tells the server, and gives the window back", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(200)));
    server.answerAll();
    await until(() => server.inFlight === 40);
    queue.cancel(upload(queue, "a.bin"));
    const sent = server.received.length;
    expect(server.received.at(-1)).toEqual({
      kind: "abort",
      id: "u0",
      reason: "cancelled",
      secret: "secret of u0",
    });
    expect(states(queue)).toEqual(["cancelled"]);
    server.answerAll();
    await quiet();
    expect(server.received).toHaveLength(sent);
    expect(await windowIsWhole(server, queue)).toBe(true);
  });

  it("before the server has answered is made up for", async () => {
    const { server, queue } = setUp({}, { auto: false });
    server.answer();
    queue.add(picked(makeFile(20)));
    queue.cancel(upload(queue, "a.bin"));
    server.answerAll();
    expect(server.upload("a.bin").state).toBe("freed");
    expect(states(queue)).toEqual(["cancelled"]);
  });

  it("lets the next one start", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(...[1, 2, 3, 4].map((n) => makeFile(20, `${n}`))));
    server.answerAll();
    queue.cancel(upload(queue, "1"));
    expect(states(queue)).toEqual(["cancelled", "running", "running", "running"]);
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(states(queue)).toEqual(["cancelled", "complete", "complete", "complete"]);
  });

  it("does nothing to what has ended", async () => {
    const { server, queue } = setUp();
    queue.add(picked(makeFile(20)));
    await ended(queue);
    queue.cancel(upload(queue, "a.bin"));
    expect(states(queue)).toEqual(["complete"]);
    expect(server.sent("abort")).toEqual([]);
  });
});

describe("pause", () => {
  it("lets what is on its way arrive, and gives the turn to another", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 30 });
    queue.add(picked(makeFile(100, "a.bin"), ...[1, 2, 3].map((n) => makeFile(30, `${n}.bin`))));
    server.answerAll();
    await until(() => server.inFlight > 0);
    const a = upload(queue, "a.bin");
    queue.pause(a);
    server.auto = true;
    server.answerAll();
    await until(() => states(queue).filter((kind) => kind === "complete").length === 3);
    await quiet();
    const offset = server.upload("a.bin").offset;
    expect(offset).toBeLessThan(100);
    expect(a.stored.value).toBeLessThanOrEqual(offset);
    expect([a.isPaused.value, a.canPause]).toEqual([true, false]);
    expect(server.sent("paused")).toEqual([{ kind: "paused", id: a.id, paused: true }]);

    queue.goOn(a);
    await ended(queue);
    expect(server.bytes("a.bin")).toEqual(pattern(100));
    expect(server.sent("paused").at(-1)).toEqual({ kind: "paused", id: "u0", paused: false });
    const sent = server.sent("chunk").filter(({ id }) => id === "u0");
    expect(sent.map((chunk) => chunk.offset)).toEqual([...sent.keys()].map((n) => 10 * n));
    expect(await windowIsWhole(server, queue)).toBe(true);
  });

  it("keeps its turn until it goes on, however many are paused", async () => {
    const { server, queue } = setUp();
    queue.add(picked(...[1, 2, 3, 4, 5, 6].map((n) => makeFile(500, `${n}.bin`))));
    queue.pauseAll();
    await quiet();
    expect(server.sent("chunk")).toEqual([]);
    queue.goOnAll();
    expect(queue.uploads.value.filter(({ isPaused }) => isPaused.value)).toEqual([]);
    await ended(queue);
    expect(server.sent("create")).toHaveLength(1); // those that were paused are told of together
    for (const n of [1, 2, 3, 4, 5, 6]) expect(server.bytes(`${n}.bin`)).toEqual(pattern(500));
  });

  it("starts no other one when all are paused", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 30 });
    queue.add(picked(...[1, 2, 3, 4, 5].map((n) => makeFile(100, `${n}.bin`))));
    server.answerAll();
    await quiet();
    queue.pauseAll();
    server.answerAll();
    await quiet();
    expect(new Set(server.sent("chunk").map(({ id }) => id)).size).toBe(3);
  });

  it("lasts through a new view, which tells the server of it again", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 30 });
    queue.add(picked(makeFile(200)));
    server.answerAll();
    await until(() => server.inFlight > 0);
    queue.pause(upload(queue, "a.bin"));
    server.auto = true;
    queue.attach(server.connect({}, true));
    await until(() => server.sent("paused").length === 2);
    await quiet();
    const before = server.sent("chunk").length;
    await quiet();
    expect(server.sent("chunk")).toHaveLength(before);
    queue.goOn(upload(queue, "a.bin"));
    await ended(queue);
    expect(server.bytes("a.bin")).toEqual(pattern(200));
    expect(await windowIsWhole(server, queue)).toBe(true);
  });

  it("is said by the app, of one or of all", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(100, "a.bin"), makeFile(100, "b.bin")));
    server.answerAll();
    const isPaused = () => queue.uploads.value.map((it) => it.isPaused.value);
    server.send({ kind: "pause", id: "u1", paused: true });
    expect(isPaused()).toEqual([false, true]);
    server.send({ kind: "pause", id: null, paused: true });
    expect(isPaused()).toEqual([true, true]);
    server.send({ kind: "pause", id: "u0", paused: false });
    expect(isPaused()).toEqual([false, true]);
    server.send({ kind: "pause", id: null, paused: false });
    expect(isPaused()).toEqual([false, false]);
    server.send({ kind: "pause", id: "unknown", paused: true });
    expect(isPaused()).toEqual([false, false]);
  });

  it("of what has begun leaves others waiting before there are too many for the server", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 1000 });
    queue.add(picked(...Array.from({ length: 10 }, (_, n) => makeFile(9000, `${n}.bin`))));
    server.answerAll();
    for (const it of queue.uploads.value.slice(0, 7)) {
      await quiet();
      queue.pause(it);
    }
    await quiet();
    expect(states(queue).filter((kind) => kind === "running")).toHaveLength(7);
    queue.goOn(upload(queue, "3.bin"));
    server.auto = true;
    server.answerAll();
    await until(() => upload(queue, "3.bin").state.value.kind === "complete");
    await until(() => states(queue).filter((kind) => kind === "complete").length === 4);
  });

  it("of very many does not keep what is chosen later from beginning", async () => {
    const { server, queue } = setUp();
    queue.add(picked(...Array.from({ length: 1200 }, (_, n) => makeFile(9, `${n}.bin`))));
    queue.pauseAll();
    await quiet();
    queue.add(picked(...Array.from({ length: 150 }, (_, n) => makeFile(9, `later${n}.bin`))));
    await until(() => states(queue).filter((kind) => kind === "complete").length >= 150);
    expect(upload(queue, "later149.bin").state.value.kind).toBe("complete");
    expect(server.sent("abort")).toEqual([]);
  });

  it("holds what would be tried again, and what is tried again", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 30 });
    queue.add(picked(makeFile(100)));
    server.answerAll();
    await until(() => server.inFlight > 0);
    const fail = () => server.send({ kind: "error", id: "u0", code: "busy", message: "Too much." });
    fail();
    expect(queue.isWaiting(upload(queue, "a.bin"))).toBe(true);
    queue.pauseAll();
    expect(queue.isWaiting(upload(queue, "a.bin"))).toBe(false);
    const next = queue.retry(upload(queue, "a.bin"));
    server.auto = true;
    server.answerAll();
    await until(() => next?.id === "u1");
    if (next === null) throw new Error("It cannot be tried again.");
    queue.pause(next);
    server.send({ kind: "error", id: "u1", code: "storage_full", message: "Full." });
    const last = queue.retry(next);
    await quiet();
    expect(last?.isPaused.value).toBe(true);
  });

  it("is said from time to time, so that the page does not count as gone", async () => {
    vi.useFakeTimers();
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 30 });
    queue.add(picked(makeFile(100, "a.bin"), makeFile(100, "b.bin")));
    server.answerAll();
    queue.pauseAll();
    const said = () => server.sent("paused").length;
    expect(said()).toBe(2);
    vi.advanceTimersByTime(61_000);
    expect(said()).toBe(4);
    for (const it of queue.uploads.value) queue.cancel(it);
    vi.advanceTimersByTime(300_000);
    expect(said()).toBe(4);
    vi.useRealTimers();
  });

  it("ends with a cancel", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 30 });
    queue.add(picked(makeFile(100)));
    server.answerAll();
    await until(() => server.inFlight > 0);
    queue.pause(upload(queue, "a.bin"));
    queue.cancel(upload(queue, "a.bin"));
    expect(states(queue)).toEqual(["cancelled"]);
    expect(upload(queue, "a.bin").isPaused.value).toBe(false);
    expect(await windowIsWhole(server, queue)).toBe(true);
  });
});

describe("a row", () => {
  it("goes when the server says that the file is deleted", async () => {
    const { server, queue } = setUp();
    queue.add(picked(makeFile(20)));
    await ended(queue);
    queue.remove(upload(queue, "a.bin"));
    expect(states(queue)).toEqual(["complete"]);
    await until(() => queue.uploads.value.length === 0);
    expect(server.upload("a.bin").state).toBe("freed");
  });

  it("goes when the app has deleted the file", async () => {
    const { server, queue } = setUp();
    queue.add(picked(makeFile(20)));
    await ended(queue);
    server.send({ kind: "removed", id: "u0" });
    expect(queue.uploads.value).toEqual([]);
  });

  it("of an upload that the app has cancelled goes", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(200)));
    server.answerAll();
    server.send({ kind: "removed", id: "u0" });
    expect(queue.uploads.value).toEqual([]);
    expect(await windowIsWhole(server, queue)).toBe(true);
  });

  it("that is a notice can be dismissed, and goes with the next pick", async () => {
    const { queue } = setUp({ max_file_size: 5 });
    queue.add(picked(makeFile(6, "1"), makeFile(6, "2")));
    queue.dismiss(upload(queue, "1"));
    expect(queue.uploads.value.map(({ source }) => source.name)).toEqual(["2"]);
    queue.add(picked(makeFile(5, "3")));
    expect(queue.uploads.value.map(({ source }) => source.name)).toEqual(["3"]);
  });

  it("says what the server said when an upload failed, and others go on", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(200, "1"), makeFile(20, "2")));
    server.answerAll();
    server.send({ kind: "error", code: "storage", message: "No space left.", id: "u0" });
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(upload(queue, "1").state.value).toEqual({
      kind: "failed",
      failure: { code: "storage", message: "No space left." },
    });
    expect(upload(queue, "2").state.value.kind).toBe("complete");
  });
});

describe("a single file", () => {
  it("takes the place of the one that runs", async () => {
    const { server, queue } = setUp({ multiple: false, max_files: 1 }, { auto: false });
    queue.add(picked(makeFile(200, "old")));
    server.answerAll();
    queue.add(picked(makeFile(20, "new")));
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.upload("old").state).toBe("freed");
    expect(server.bytes("new")).toEqual(pattern(20));
  });
});

describe("a batch", () => {
  it("is told once, in the order of the pick, without those that failed", async () => {
    const { queue, batches } = setUp({ max_file_size: 50 });
    queue.add(picked(makeFile(50, "slow"), makeFile(51, "refused"), makeFile(1, "quick")));
    await ended(queue);
    expect(batches).toEqual([["slow", "quick"]]);
  });

  it("is not told if nothing arrived", async () => {
    const { queue, batches } = setUp({ max_file_size: 5 });
    queue.add(picked(makeFile(6)));
    await quiet();
    expect(batches).toEqual([]);
  });

  it("of which the last member was cancelled is told", async () => {
    const { server, queue, batches } = setUp({}, { auto: false });
    queue.add(picked(makeFile(0, "1"), makeFile(200, "2")));
    server.answerAll();
    await until(() => server.sent("finish").length === 1);
    server.answerAll();
    queue.cancel(upload(queue, "2"));
    expect(batches).toEqual([["1"]]);
  });

  it("of which the last member could not be read is told", async () => {
    const { server, queue, batches } = setUp({}, { auto: false });
    queue.add(picked(makeFile(0, "1"), deletedFile(20, "2")));
    server.auto = true;
    server.answerAll();
    await ended(queue);
    await quiet();
    expect(states(queue)).toEqual(["complete", "failed"]);
    expect(batches).toEqual([["1"]]);
  });

  it("goes on when a file could not be read", async () => {
    const { queue } = setUp();
    const gone = [1, 2, 3, 4, 5].map((n) => deletedFile(20, `gone ${n}`));
    queue.add(picked(...gone, makeFile(20, "good")));
    await ended(queue);
    expect(states(queue)).toEqual([...gone.map(() => "failed"), "complete"]);
  });
});

describe("a new view", () => {
  it("sends smaller chunks after the socket has died over one", async () => {
    const big = {
      auto: false,
      maxChunkSize: 512 * KiB,
      maxInFlight: 8192 * KiB,
      grant: 8192 * KiB,
    };
    const { server, queue } = setUp({}, big);
    queue.add(picked(makeFile(8192 * KiB, "a.bin")));
    const sizes = () => server.sent("chunk").map(({ data }) => data.byteLength);
    while (Math.max(0, ...sizes()) < 256 * KiB) {
      server.answerAll();
      await quiet(); // the window fills
    }
    queue.connectionLost();
    const before = sizes().length;
    queue.attach(server.connect({}, true));
    server.auto = true;
    server.answerAll();
    await until(() => states(queue)[0] === "complete");
    expect(Math.max(...sizes().slice(before))).toBe(128 * KiB);
    expect(server.upload("a.bin").offset).toBe(8192 * KiB);
  });

  it("goes on with a running upload from what is stored", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(200)));
    server.answerAll();
    await until(() => server.inFlight === 40);
    server.answer();
    queue.attach(server.connect({}, true));
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.bytes("a.bin")).toEqual(pattern(200));
    expect(await windowIsWhole(server, queue)).toBe(true);
  });

  it("no longer shows what the server has deleted meanwhile", async () => {
    const { server, queue } = setUp();
    queue.add(picked(makeFile(20, "kept"), makeFile(20, "gone")));
    await ended(queue);
    server.upload("gone").state = "freed";
    queue.attach(server.connect({}, true));
    await until(() => queue.uploads.value.length === 1);
    expect(upload(queue, "kept").state.value.kind).toBe("complete");
    expect(queue.notice.value).toBe("");
  });

  it("goes on though the way there has thrown an error: the file is not to blame", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 30 });
    queue.add(picked(makeFile(100)));
    server.answerAll();
    await until(() => server.inFlight > 0);
    server.broken = true;
    server.answerAll();
    await until(() => warn.mock.calls.length > 0);
    await quiet();
    expect(states(queue)).toEqual(["running"]);
    Object.assign(server, { broken: false, auto: true });
    queue.attach(server.connect({}, true));
    await ended(queue);
    expect(states(queue)).toEqual(["complete"]);
    expect(server.bytes("a.bin")).toEqual(pattern(100));
    warn.mockRestore();
  });

  it("announces again what the server has not answered", async () => {
    const { server, queue } = setUp({}, { auto: false });
    server.answer();
    queue.add(picked(makeFile(20, "1"), makeFile(20, "2")));
    queue.attach(server.connect({}, true));
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "complete"]);
    expect(server.uploads).toHaveLength(2);
  });

  it("says again that no more is to come, if that was lost", async () => {
    const { server, queue } = setUp({}, { auto: false });
    server.answer();
    queue.add(picked(...Array.from({ length: 501 }, (_, n) => makeFile(0, `${n}`))));
    for (let i = 0; i < 5; i += 1) server.answer();
    expect(server.openBatches.size).toBe(1);
    queue.cancel(upload(queue, "500")); // and with it goes what was to come
    queue.attach(server.connect({}, true));
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.openBatches.size).toBe(0);
  });

  it("is the only one that is listened to", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(20)));
    server.answerAll();
    const before = server.deliver;
    queue.attach(server.connect());
    before({ kind: "removed", id: "u0" });
    expect(states(queue)).toEqual(["running"]);
  });

  it("warns of a message that is none of this version, and goes on", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { server, queue } = setUp();
    server.send({ kind: "surprise" });
    expect(warn).toHaveBeenCalledOnce();
    queue.add(picked(makeFile(20)));
    await ended(queue);
    expect(states(queue)).toEqual(["complete"]);
  });
});

describe("a view that is gone", () => {
  it("leaves the road to another view, and its uploads go on there", async () => {
    const { server, queue } = setUp({}, { auto: false });
    const first = server.deliver;
    const second = server.connect();
    queue.attach(second);
    server.answerAll();
    queue.add(picked(makeFile(200)));
    server.answerAll();
    await until(() => server.inFlight === 40);
    const before = server.sent("hello").length;
    server.loseAll();
    queue.detach(second);
    expect(server.sent("hello")).toHaveLength(before + 1);
    server.deliver = first;
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.bytes("a.bin")).toEqual(pattern(200));
    expect(await windowIsWhole(server, queue)).toBe(true);
  });

  it("that was not the last one changes nothing", async () => {
    const server = new FakeServer();
    const queue = new UploadQueue();
    const first = server.connect();
    queue.attach(first);
    queue.attach(server.connect());
    queue.detach(first);
    queue.add(picked(makeFile(20)));
    await ended(queue);
    expect(states(queue)).toEqual(["complete"]);
    expect(server.sent("hello")).toHaveLength(2);
  });

  it("is kept as the road if there is no other", async () => {
    const server = Object.assign(new FakeServer(), { auto: false });
    const queue = new UploadQueue();
    const only = server.connect();
    queue.attach(only);
    queue.add(picked(makeFile(200)));
    server.answerAll();
    await until(() => server.inFlight === 40);
    queue.detach(only);
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.bytes("a.bin")).toEqual(pattern(200));
    expect(server.sent("hello")).toHaveLength(1);
  });
});

describe("in a notebook", () => {
  const NOTEBOOK: Partial<FakeServer> = { auto: false, transport: "comm", kernel: true };

  it("a kernel that says nothing is asked again, and goes on where it is", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const { server, queue } = setUp({}, NOTEBOOK);
      queue.add(picked(makeFile(200)));
      server.answerAll();
      for (let i = 0; i < 100 && server.inFlight < 40; i += 1) await turn();
      server.answer();
      server.loseAll();
      expect(server.sent("hello")).toHaveLength(1);
      vi.advanceTimersByTime(SHOWN_AFTER);
      expect(queue.silence.isLong.value).toBe(true);
      vi.advanceTimersByTime(FIRST_QUESTION);
      const batch = server.sent("create")[0]?.batch;
      const known = { id: "u0", secret: "secret of u0", batch };
      expect(server.sent("hello").map(({ uploads }) => uploads)).toEqual([[], [known]]);
      server.auto = true;
      server.answerAll();
      for (let i = 0; i < 1000 && states(queue)[0] !== "complete"; i += 1) await turn();
      expect(server.bytes("a.bin")).toEqual(pattern(200));
      expect(queue.silence.isLong.value).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it("what is cancelled is said again until Python has heard of it", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const { server, queue } = setUp({}, NOTEBOOK);
      queue.add(picked(makeFile(200)));
      server.answerAll();
      for (let i = 0; i < 100 && server.inFlight < 40; i += 1) await turn();
      queue.cancel(upload(queue, "a.bin"));
      server.loseAll();
      vi.advanceTimersByTime(SHOWN_AFTER + FIRST_QUESTION);
      server.auto = true;
      server.answerAll();
      for (let i = 0; i < 10; i += 1) await turn();
      expect(server.upload("a.bin").state).toBe("freed");
    } finally {
      vi.useRealTimers();
    }
  });

  it("what no output shows any more is cancelled after a while", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const server = Object.assign(new FakeServer(), NOTEBOOK);
      const queue = new UploadQueue();
      const views = [server.connect(), server.connect()] as const;
      queue.attach(views[0]);
      queue.add(picked(makeFile(200)));
      queue.detach(views[0]);
      vi.advanceTimersByTime(UNSEEN_FOR - 1);
      expect(states(queue)).toEqual(["queued"]);
      expect(queue.unseen).toEqual(["a.bin"]);
      queue.attach(views[1]);
      expect(queue.unseen).toEqual([]);
      vi.advanceTimersByTime(UNSEEN_FOR);
      expect(states(queue)).toEqual(["queued"]);
      queue.detach(views[1]);
      vi.advanceTimersByTime(UNSEEN_FOR);
      expect(states(queue)).toEqual(["cancelled"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("a page that has no way to the kernel says so", () => {
    const { server, queue } = setUp({}, NOTEBOOK);
    expect(queue.isOutOfReach).toBe(false);
    server.outOfReach = true;
    expect(queue.isOutOfReach).toBe(true);
  });

  it("a hello that was lost is said again", async () => {
    const { server, queue } = setUp({}, NOTEBOOK);
    queue.add(picked(makeFile(20)));
    server.loseAll();
    queue.ask();
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(states(queue)).toEqual(["complete"]);
  });

  it("a message of which a part is lost is forgotten before Python is asked again", async () => {
    const { server, queue } = setUp({}, NOTEBOOK);
    queue.add(picked(makeFile(200)));
    server.answerAll();
    await until(() => server.inFlight === 40);
    server.torn = true;
    server.answerAll();
    queue.ask();
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.bytes("a.bin")).toEqual(pattern(200));
  });

  it("what runs and what is picked later fails once the kernel is gone", async () => {
    const { server, queue } = setUp({}, NOTEBOOK);
    queue.add(picked(makeFile(200, "running"), makeFile(200, "waiting")));
    server.answerAll();
    await until(() => server.inFlight === 40);
    server.kernel = false;
    server.loseAll();
    const gone = { kind: "failed", failure: { code: "kernel_restarted" } };

    queue.ask();

    expect(queue.uploads.value.map(({ state }) => state.value)).toEqual([gone, gone]);
    expect(queue.isBusy).toBe(false);
    queue.add(picked(makeFile(20, "later")));
    expect(queue.uploads.value.map(({ state }) => state.value)).toEqual([gone]);
    await quiet();
    expect(server.waiting).toBe(0);
  });

  it("a new view is another chance", async () => {
    const { server, queue } = setUp({}, NOTEBOOK);
    server.answerAll();
    server.kernel = false;
    queue.ask();
    server.kernel = true;
    queue.attach(server.connect());
    server.auto = true;
    server.answerAll();
    queue.add(picked(makeFile(20)));
    await ended(queue);
    expect(states(queue)).toEqual(["complete"]);
  });

  it("an output that is not shown tells nothing of the kernel", async () => {
    const server = Object.assign(new FakeServer(), NOTEBOOK);
    const queue = new UploadQueue();
    const only = server.connect();
    queue.attach(only);
    queue.add(picked(makeFile(200)));
    server.answerAll();
    await until(() => server.inFlight === 40);
    queue.detach(only);
    server.kernel = false;
    queue.ask();
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(states(queue)).toEqual(["complete"]);
  });

  const LARGE = { maxChunkSize: 2048 * KiB, maxInFlight: 4096 * KiB, grant: 16_384 * KiB };

  /** Answer until more is on its way than half of what may be. */
  async function fill(server: FakeServer): Promise<void> {
    while (server.inFlight < 3072 * KiB) {
      server.answerAll();
      await quiet(); // the window grows
    }
  }

  function loseAll(server: FakeServer, queue: UploadQueue): void {
    server.loseAll();
    queue.ask();
    server.answerAll();
  }

  it("less is on its way after it was lost twice, and not after once", async () => {
    const { server, queue } = setUp({}, { ...NOTEBOOK, ...LARGE });
    const size = 24 * 1024 * KiB;
    queue.add(picked(makeFile(new Uint8Array(size))));
    await fill(server);
    loseAll(server, queue);
    await fill(server);
    loseAll(server, queue);
    queue.ask();
    server.answerAll();
    let most = 0;
    while (states(queue)[0] !== "complete") {
      await quiet();
      most = Math.max(most, server.inFlight);
      server.answerAll();
    }
    expect(most).toBeLessThanOrEqual(2048 * KiB);
    expect(server.upload("a.bin").offset).toBe(size);
  });

  it("what several uploads lose at once counts once", async () => {
    const { server, queue } = setUp({}, { ...NOTEBOOK, ...LARGE });
    const content = new Uint8Array(16 * 1024 * KiB);
    queue.add(picked(...["1", "2", "3"].map((name) => makeFile(content, name))));
    await fill(server);
    loseAll(server, queue);
    queue.ask(); // the next welcome would say less
    server.answerAll();
    await fill(server);
  });
});

/** What happens between two answers of the server. */
type Fault = { kind: "answer" | "turn" | "lose" | "attach" | "reconnect"; place: number };

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom("answer", "answer", "answer", "turn", "lose", "attach", "reconnect"),
  place: fc.nat(4),
});

async function suffer(server: FakeServer, queue: UploadQueue, { kind, place }: Fault) {
  if (kind === "answer") server.answer();
  else if (kind === "turn") await turn();
  else if (kind === "lose") server.loseChunk(place);
  else queue.attach(server.connect({}, kind === "reconnect"));
}

describe("any order of answers, lost chunks and new views", () => {
  it("ends with the same bytes, and with the whole window", async () => {
    const sizes = fc.array(fc.nat(120), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(fault, { maxLength: 60 }), async (all, faults) => {
        const { server, queue } = setUp({}, { auto: false });
        queue.add(picked(...all.map((size, n) => makeFile(size, `${n}.bin`))));
        for (const one of faults) await suffer(server, queue, one);
        queue.attach(server.connect({}, true));
        server.auto = true;
        server.answerAll();
        await ended(queue);
        expect(states(queue)).toEqual(all.map(() => "complete"));
        for (const [n, size] of all.entries()) {
          expect(server.bytes(`${n}.bin`)).toEqual(pattern(size));
        }
        expect(await windowIsWhole(server, queue)).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 30_000);
});

describe("what was lost with the socket", () => {
  it("is cancelled once more", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(95), makeFile(25, "b.bin")));
    server.answerAll();
    await until(() => server.sent("chunk").length > 0);
    queue.cancel(upload(queue, "a.bin"));
    server.auto = true;
    queue.attach(server.connect({}, true));
    await until(() => upload(queue, "b.bin").state.value.kind === "complete");
    expect(server.upload("a.bin").state).toBe("freed");
    // The session that hears of it may be another one.
    expect(server.sent("abort").at(-1)?.secret).toBe("secret of u0");
    const aborts = server.sent("abort").length;
    queue.attach(server.connect({}, true));
    await quiet();
    expect(server.sent("abort").length).toBe(aborts); // the server has said that it is gone
  });
});

describe("a server that was started anew", () => {
  it("is told again of what it has stored nothing of", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(95), makeFile(25, "b.bin")));
    server.answerAll();
    await until(() => server.sent("chunk").length > 0);
    server.uploads.length = 0;
    server.auto = true;
    queue.attach(server.connect({}, true));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "complete"]);
    expect(server.bytes("a.bin")).toEqual(pattern(95));
    expect(await windowIsWhole(server, queue)).toBe(true);
    expect(server.openBatches.size).toBe(0);
  });

  it("fails what it has lost", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(95)));
    server.answerAll();
    await until(() => server.sent("chunk").length > 0);
    server.answer();
    server.uploads.length = 0;
    server.auto = true;
    queue.attach(server.connect({}, true));
    await ended(queue);
    expect(states(queue)).toEqual(["failed"]);
  });
});

describe("another page of the same notebook", () => {
  it("keeps its uploads: what they are told reaches this page, too", async () => {
    const { server } = setUp();
    server.send({
      kind: "created",
      key: "p2.k1",
      id: "u9",
      secret: "s",
      attempt: 0,
      offset: 0,
      checksum: 0,
      grant: 10,
    });
    await quiet();
    expect(server.sent("abort")).toEqual([]);
  });
});

describe("an app that clears", () => {
  it("takes what the server knows, and leaves what was picked since", async () => {
    const { server, queue } = setUp();
    queue.add(picked(makeFile(25)));
    await ended(queue);
    server.auto = false;
    queue.add(picked(makeFile(95, "old.bin")));
    server.answerAll();
    queue.add(picked(makeFile(25, "new.bin")));
    server.send({ kind: "cleared" }); // said before the server was told of the last
    expect(queue.uploads.value.map(({ source }) => source.name)).toEqual(["new.bin"]);
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(server.bytes("new.bin")).toEqual(pattern(25));
  });
});

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
