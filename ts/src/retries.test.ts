import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeServer, type ModelSettings } from "../tests/fake-server";
import { makeFile, pattern, picked } from "../tests/files";
import { until } from "../tests/waiting";
import { UploadQueue } from "./queue";
import { MAX_AT_ONCE, MAX_STORED } from "./retries";
import type { Upload } from "./upload";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.spyOn(Math, "random").mockReturnValue(0.75);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Choose files of 30 bytes, the first of which the server refuses or fails. */
function setUp(settings: ModelSettings = {}, code = "busy", names = ["a.bin"]) {
  const server = new FakeServer();
  server.refuse = ({ name }) => (name === "a.bin" ? code : null);
  const queue = new UploadQueue();
  queue.attach(server.connect(settings));
  queue.add(picked(...names.map((name) => makeFile(30, name))));
  return { server, queue };
}

function row(queue: UploadQueue, place = 0): Upload {
  const upload = queue.uploads.value[place];
  if (upload === undefined) throw new Error(`There is no row ${place}.`);
  return upload;
}

const kind = (queue: UploadQueue, place = 0) => row(queue, place).state.value.kind;

/** Wait without a clock, which stands still. */
async function ended(queue: UploadQueue): Promise<void> {
  await until(() => queue.uploads.value.every(({ active }) => !active));
}

describe("what may be over soon", () => {
  it("is tried again by itself, in its place, and its row counts down", async () => {
    const { server, queue } = setUp({}, "busy", ["a.bin", "b.bin"]);
    await ended(queue);
    const first = row(queue);
    expect([kind(queue), queue.retries.secondsLeft(first)]).toEqual(["refused", 2]);
    vi.advanceTimersByTime(500);
    expect(queue.retries.secondsLeft(first)).toBe(1);
    vi.advanceTimersByTime(999);
    expect(row(queue)).toBe(first);
    server.refuse = () => null;
    vi.advanceTimersByTime(1);
    expect(row(queue)).not.toBe(first);
    await ended(queue);
    expect([kind(queue), kind(queue, 1)]).toEqual(["complete", "complete"]);
    expect(queue.uploads.value.map(({ source }) => source.name)).toEqual(["a.bin", "b.bin"]);
    expect(server.bytes("a.bin")).toEqual(pattern(30));
    const batches = server.sent("create").map(({ batch }) => batch);
    expect(new Set(batches).size).toBe(2);
    expect(server.openBatches.size).toBe(0);
  });

  it("is tried again three times, each time later, and then not", async () => {
    const { server, queue } = setUp();
    for (const wait of [1500, 3000, 6000]) {
      await ended(queue);
      const failed = row(queue);
      vi.advanceTimersByTime(wait - 1);
      expect(row(queue)).toBe(failed);
      vi.advanceTimersByTime(1);
      expect(row(queue)).not.toBe(failed);
    }
    await ended(queue);
    expect(queue.isWaiting(row(queue))).toBe(false);
    expect(server.sent("create")).toHaveLength(4);
    queue.retry([row(queue)]); // a person may, and it is tried as often again
    await ended(queue);
    expect(queue.isWaiting(row(queue))).toBe(true);
  });

  it("is not tried again if much has to be sent again", async () => {
    const { server, queue } = setUp({}, "busy");
    await ended(queue);
    queue.cancel(row(queue));
    server.refuse = () => null;
    for (const [stored, waits] of [
      [MAX_STORED, true],
      [MAX_STORED + 1, false],
    ] as const) {
      server.auto = false;
      queue.add(picked(makeFile(30)));
      server.answerAll();
      const upload = queue.uploads.value.at(-1) as Upload;
      upload.stored.value = stored;
      server.send({ kind: "error", code: "storage_full", message: "Full.", id: upload.id });
      expect(queue.isWaiting(upload)).toBe(waits);
      queue.cancel(upload);
    }
  });

  it("is not tried again by itself if there is a lot of it", async () => {
    const names = Array.from({ length: MAX_AT_ONCE + 10 }, () => "a.bin");
    const { server, queue } = setUp({}, "busy", names);
    await ended(queue);
    expect(queue.retries.waiting).toHaveLength(MAX_AT_ONCE);
    server.auto = false;
    vi.advanceTimersByTime(1500);
    expect(queue.retries.waiting).toHaveLength(0);
    queue.retries.ended(row(queue, MAX_AT_ONCE)); // while as many are under way
    expect(queue.retries.waiting).toHaveLength(0);
    server.auto = true;
    server.answerAll();
    await ended(queue);
    expect(queue.retries.waiting).toHaveLength(MAX_AT_ONCE);
  });

  it("stays when more is chosen, and goes when it is cancelled, dismissed or cleared", async () => {
    const ways = [
      (queue: UploadQueue, upload: Upload) => queue.cancel(upload),
      (queue: UploadQueue, upload: Upload) => queue.dismiss(upload),
      (_: UploadQueue, __: Upload, server: FakeServer) => server.send({ kind: "cleared" }),
    ];
    for (const way of ways) {
      const { server, queue } = setUp();
      await ended(queue);
      queue.add(picked(makeFile(3, "b.bin")));
      await ended(queue);
      expect(queue.isWaiting(row(queue))).toBe(true);
      way(queue, row(queue), server);
      vi.advanceTimersByTime(10_000);
      await ended(queue);
      expect(server.sent("create")).toHaveLength(2);
    }
  });

  it("is given up when another file takes its place", async () => {
    const { server, queue } = setUp({ multiple: false });
    await ended(queue);
    queue.add(picked(makeFile(3, "b.bin")));
    vi.advanceTimersByTime(10_000);
    await ended(queue);
    expect(kind(queue)).toBe("cancelled");
    expect(server.sent("create")).toHaveLength(2);
  });
});

describe("what somebody has to act for", () => {
  it("is tried again when asked, by the limits of then", async () => {
    const { server, queue } = setUp({}, "storage");
    await ended(queue);
    expect([queue.isWaiting(row(queue)), queue.canRetry(row(queue))]).toEqual([false, true]);
    server.set({ max_file_size: 29 });
    queue.retry([row(queue)]);
    expect(row(queue).state.value).toMatchObject({ failure: { code: "file_too_large" } });
    expect(queue.retry([row(queue)])).toEqual([]);
    expect(server.sent("create")).toHaveLength(1);
  });

  it("is tried again once, however often it is asked for", async () => {
    const { server, queue } = setUp({}, "storage");
    await ended(queue);
    const failed = row(queue);
    server.refuse = () => null;
    queue.retry([failed]);
    expect(queue.retry([failed])).toEqual([]);
    await ended(queue);
    expect(kind(queue)).toBe("complete");
    expect(server.uploads).toHaveLength(1);
  });

  it("is one pick if it is tried again together, and what was paused waits", async () => {
    const names = Array.from({ length: 150 }, () => "a.bin");
    const { server, queue } = setUp({}, "storage", names);
    await ended(queue);
    row(queue, 149).wasPaused = true;
    server.refuse = () => null;
    const before = server.sent("create").length;
    const again = queue.retry(queue.uploads.value);
    expect(queue.uploads.value).toEqual(again);
    await until(() => again.filter(({ active }) => active).length === 1);
    expect(again.at(-1)?.isPaused.value).toBe(true);
    const batches = server.sent("create").map(({ batch }) => batch);
    expect(new Set(batches.slice(before)).size).toBe(1);
  });

  it("is tried again but for one file where one can be chosen", async () => {
    const { server, queue } = setUp({ multiple: false }, "storage", ["a.bin", "b.bin"]);
    await ended(queue);
    server.refuse = () => null;
    queue.retry(queue.uploads.value);
    await ended(queue);
    expect([kind(queue), kind(queue, 1)]).toEqual(["complete", "refused"]);
    expect(server.uploads).toHaveLength(1);
  });

  it("is not tried again while the widget is switched off", async () => {
    const { server, queue } = setUp({}, "disabled");
    await ended(queue);
    server.set({ disabled: true });
    expect(queue.retry([row(queue)])).toEqual([]);
    server.set({ disabled: false });
    server.refuse = () => null;
    queue.retry([row(queue)]);
    await ended(queue);
    expect(kind(queue)).toBe("complete");
  });

  it("of several cancels the one under way where one can be chosen", async () => {
    const { server, queue } = setUp({ multiple: false }, "", ["b.bin", "a.bin"]);
    server.refuse = () => null;
    expect([kind(queue), kind(queue, 1)]).toEqual(["queued", "refused"]);
    queue.retry([row(queue, 1)]);
    await ended(queue);
    expect([kind(queue), kind(queue, 1)]).toEqual(["cancelled", "complete"]);
  });
});

describe("what cannot heal", () => {
  it.each(["file_too_large", "taken_over", "file_exists", "of_a_newer_server"])(
    "is not tried again: %s",
    async (code) => {
      const { queue } = setUp({}, code);
      await ended(queue);
      expect([queue.isWaiting(row(queue)), queue.canRetry(row(queue))]).toEqual([false, false]);
      expect(queue.retry([row(queue)])).toEqual([]);
    },
  );
});
