import { describe, expect, it, vi } from "vitest";
import { deletedFile, makeFile, pattern } from "../tests/files";
import { quiet, settles, until } from "../tests/waiting";
import { ChunkCap } from "./cap";
import { checksum } from "./checksum";
import { MIN_CHUNK_SIZE } from "./pacer";
import type { Chunk, ClientMessage } from "./protocol";
import { FileSource } from "./source";
import { HELD_AFTER, SHOW_INTERVAL, Upload } from "./upload";
import { Window } from "./window";

const GRANT = 1000;

/** A started upload, with what it has sent and nobody has answered. */
function start(
  file: File,
  { capacity = 1000, maxChunkSize = 10, reuse = false, head = 0, grant = GRANT } = {},
) {
  const sent: ClientMessage[] = [];
  const window = new Window();
  window.limit(capacity);
  const cap = new ChunkCap(null);
  const send = (message: ClientMessage) =>
    void sent.push(
      message.kind === "chunk" ? { ...message, data: message.data.slice(0) } : message,
    );
  const buffers = { reuse, head };
  const link = { channel: { send, head }, window, cap, isNotebook: false, maxChunkSize, buffers };
  const upload = new Upload("k1", new FileSource(file), file.name);
  upload.secret = "s1";
  upload.created("u1", { attempt: 0, offset: 0, checksum: 0, grant });
  upload.start(link);
  const chunks = () => sent.filter((message): message is Chunk => message.kind === "chunk");
  /** What the queue does when the server asks for another attempt. */
  const again = (offset: number, grant: number) => {
    upload.resume({ attempt: 1, offset, checksum: checksum(pattern(offset)), grant });
    upload.start(link);
  };
  return { upload, sent, chunks, window, link, again };
}

function joined(chunks: Chunk[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap(({ data }) => [...new Uint8Array(data)]));
}

/** Whether all that was acquired is given back, and no more. */
async function isWhole(window: Window, capacity: number): Promise<boolean> {
  return (await settles(window.acquire(capacity))) && !(await settles(window.acquire(1)));
}

describe("an upload", () => {
  it("sends its chunks in order, and finish behind them", async () => {
    const { upload, sent, chunks } = start(makeFile(25));
    await until(() => upload.state.value.kind === "finishing");
    expect(chunks().map(({ offset }) => offset)).toEqual([0, 10, 20]);
    expect(joined(chunks())).toEqual(pattern(25));
    expect(sent.at(-1)).toEqual({
      kind: "finish",
      id: "u1",
      attempt: 0,
      size: 25,
      checksum: checksum(pattern(25)),
    });
  });

  it("sends the same bytes from one buffer", async () => {
    const { upload, chunks } = start(makeFile(25), { reuse: true });
    await until(() => upload.state.value.kind === "finishing");
    expect(joined(chunks())).toEqual(pattern(25));
  });

  it("leaves the head of its chunks to the channel", async () => {
    const { upload, chunks } = start(makeFile(25), { reuse: true, head: 4 });
    await until(() => upload.state.value.kind === "finishing");
    const bytes = chunks().map(({ data, ...rest }) => ({ ...rest, data: data.slice(4) }));
    expect(bytes.map(({ offset }) => offset)).toEqual([0, 10, 20]);
    expect(joined(bytes)).toEqual(pattern(25));
  });

  it("has the checksum of its file when it is complete, though acks were lost", async () => {
    const { upload } = start(makeFile(25));
    await until(() => upload.state.value.kind === "finishing");
    upload.acked(10, GRANT, 0);
    upload.complete("u1", 25);
    expect(upload.checksum).toBe(checksum(pattern(25)));
  });

  it("of no bytes sends only finish", async () => {
    const { upload, sent } = start(makeFile(0));
    await until(() => upload.state.value.kind === "finishing");
    expect(sent).toEqual([{ kind: "finish", id: "u1", attempt: 0, size: 0, checksum: 0 }]);
  });

  it("tells the server of its file", () => {
    const { upload } = start(makeFile(3, "a.csv", "text/csv"));
    expect(upload.facts).toEqual({
      key: "k1",
      name: "a.csv",
      relative_path: "a.csv",
      size: 3,
      mime_type: "text/csv",
    });
  });

  it("has no more in flight than the window takes", async () => {
    const { upload, chunks } = start(makeFile(100), { capacity: 30 });
    await until(() => chunks().length === 3);
    await quiet();
    expect(chunks()).toHaveLength(3);
    upload.acked(10, GRANT, 0);
    await until(() => chunks().length === 4);
    await quiet();
    expect(chunks()).toHaveLength(4);
  });

  it("sends no more than the server has granted", async () => {
    const { upload, chunks } = start(makeFile(100), { grant: 25 });
    await until(() => chunks().length === 2);
    await quiet();
    expect(chunks()).toHaveLength(2);
    upload.acked(10, 25, 0);
    await until(() => chunks().length === 3);
    await quiet();
    expect(chunks()).toHaveLength(3);
  });

  it("sends less than a chunk where that is all the server grants", async () => {
    const size = 3 * MIN_CHUNK_SIZE;
    const options = { maxChunkSize: size, grant: MIN_CHUNK_SIZE + 5, capacity: 2 * size };
    const { upload, chunks, window } = start(makeFile(2 * size), options);
    // A window of six times its size asks for the whole chunk.
    window.measure({ time: 0, roundTrip: 1, size: 2 * size, inFlight: 2 * size });
    await until(() => chunks().length === 1);
    const first = chunks()[0]?.data.byteLength ?? 0;
    upload.acked(first, MIN_CHUNK_SIZE - 1, 0);
    await quiet();
    expect(chunks()).toHaveLength(1); // a few bytes are not worth a message
    upload.acked(first, MIN_CHUNK_SIZE + 5, 0);
    await until(() => chunks().length === 2);
    expect(chunks()[1]?.data.byteLength).toBeGreaterThanOrEqual(MIN_CHUNK_SIZE);
  });

  it("says that the server holds it up, once it has done so for a while", async () => {
    // The clock stands still from the start: on a busy machine the test itself may take a second.
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const begin = SHOW_INTERVAL;
    const { upload, chunks } = start(makeFile(100), { grant: 10 });
    const acked = async (time: number, offset: number, grant: number) => {
      await until(() => chunks().length === offset / 10); // and then it waits, if it has to
      await quiet();
      now.mockReturnValue(time);
      upload.acked(offset, grant, 0);
      return upload.isHeld.value;
    };
    expect(await acked(begin, 10, 10)).toBe(false);
    expect(await acked(begin + HELD_AFTER, 20, 10)).toBe(true);
    expect(await acked(begin + HELD_AFTER + 500, 30, 70)).toBe(true);
    await until(() => chunks().length === 10);
    now.mockReturnValue(begin + HELD_AFTER + 1000);
    upload.acked(40, 60, 0);
    expect(upload.isHeld.value).toBe(false);
    now.mockRestore();
  });

  it("that is paused with its last chunk does not end before it goes on", async () => {
    const { upload, sent, chunks, link } = start(makeFile(30));
    const { send } = link.channel;
    link.channel.send = (message) => {
      send(message);
      if (message.kind === "chunk" && message.offset === 20) upload.pause();
    };
    await until(() => chunks().length === 3);
    await quiet();
    expect(sent.at(-1)?.kind).toBe("chunk");
    upload.goOn();
    expect(upload.state.value.kind).toBe("created"); // until it is its turn
    upload.start(link);
    await until(() => upload.state.value.kind === "finishing");
    expect(sent.filter(({ kind }) => kind === "finish")).toHaveLength(1);
  });

  it("goes on from a lower grant after it was told to", async () => {
    const { chunks, again } = start(makeFile(100), { capacity: 30 });
    await until(() => chunks().length === 3);
    again(0, 10);
    await until(() => chunks().length === 4);
    await quiet();
    expect(chunks()).toHaveLength(4);
  });

  it("sends as the attempt that the server has asked for last", async () => {
    const { upload, sent, chunks, again } = start(makeFile(20));
    await until(() => upload.state.value.kind === "finishing");
    again(10, GRANT);
    await until(() => upload.state.value.kind === "finishing");
    expect(chunks().map(({ attempt, offset }) => [attempt, offset])).toEqual([
      [0, 0],
      [0, 10],
      [1, 10],
    ]);
    expect(sent.at(-1)).toEqual({
      kind: "finish",
      id: "u1",
      attempt: 1,
      size: 20,
      checksum: checksum(pattern(20)),
    });
  });

  it("tells the window how long each chunk was on its way, without the server's wait", async () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(1000);
    const { upload, chunks, window } = start(makeFile(30), { capacity: 20 });
    await until(() => chunks().length === 2);
    const measure = vi.spyOn(window, "measure");
    now.mockReturnValue(1050);
    upload.acked(10, GRANT, 30);
    upload.acked(15, GRANT, 0); // no chunk ends there
    upload.acked(15, GRANT, 0);
    expect(measure.mock.calls).toEqual([[{ time: 1050, roundTrip: 20, size: 10, inFlight: 10 }]]);
    now.mockRestore();
  });

  it("ends while it waits for a grant", async () => {
    const { upload, chunks, window } = start(makeFile(100), { grant: 5, capacity: 30 });
    await quiet();
    upload.end({ kind: "cancelled" });
    await quiet();
    expect(chunks()).toHaveLength(0);
    expect(await isWhole(window, 30)).toBe(true);
  });

  it("shows what is stored, not what was sent", async () => {
    const { upload, chunks } = start(makeFile(25));
    await until(() => chunks().length === 3);
    expect(upload.stored.value).toBe(0);
    const now = vi.spyOn(performance, "now").mockReturnValue(performance.now() + SHOW_INTERVAL);
    upload.acked(20, GRANT, 0);
    expect(upload.stored.value).toBe(20);
    now.mockRestore();
  });

  it("shows what is stored a few times a second, however many acks come", async () => {
    const { upload, chunks } = start(makeFile(25));
    await until(() => chunks().length === 3);
    let shown = 0;
    upload.stored.subscribe(() => {
      shown += 1;
    });
    const begin = performance.now() + 10 * SHOW_INTERVAL;
    const now = vi.spyOn(performance, "now");
    for (let ack = 0; ack < 20; ack += 1) {
      now.mockReturnValue(begin + ack * (SHOW_INTERVAL / 10));
      upload.acked(ack, GRANT, 0);
    }
    expect(shown).toBe(2); // at once, and after ten acks: 0 bytes do not count
    now.mockRestore();
  });

  it("gives the window back with the acks, however many chunks one counts", async () => {
    const { upload, window } = start(makeFile(100), { capacity: 100 });
    await until(() => upload.state.value.kind === "finishing");
    for (const offset of [10, 10, 60, 100, 100]) upload.acked(offset, GRANT, 0);
    expect(await isWhole(window, 100)).toBe(true);
  });

  it("goes on from where the server says", async () => {
    const { upload, chunks, window, again } = start(makeFile(50), { capacity: 100 });
    await until(() => upload.state.value.kind === "finishing");
    upload.acked(10, GRANT, 0);
    again(20, GRANT);
    await until(() => upload.state.value.kind === "finishing");
    expect(chunks().map(({ offset }) => offset)).toEqual([0, 10, 20, 30, 40, 20, 30, 40]);
    expect(joined(chunks().slice(5))).toEqual(pattern(50).slice(20));
    upload.acked(50, GRANT, 0);
    expect(await isWhole(window, 100)).toBe(true);
  });

  it("gives nothing back for an ack of an attempt that is over", async () => {
    const { upload, chunks, link } = start(makeFile(100), { capacity: 30 });
    await until(() => chunks().length === 3);
    upload.start(link); // behind a new view, and nothing is sent there yet
    upload.acked(30, GRANT, 0);
    await quiet();
    expect(chunks()).toHaveLength(6);
  });

  it("sends nothing more of an attempt that another has taken over", async () => {
    const { upload, chunks, sent, again } = start(makeFile(100), { capacity: 20 });
    await until(() => chunks().length === 2);
    again(90, GRANT);
    await until(() => upload.state.value.kind === "finishing");
    await quiet();
    expect(chunks().map(({ offset }) => offset)).toEqual([0, 10, 90]);
    expect(sent.filter(({ kind }) => kind === "finish")).toHaveLength(1);
  });

  it.each(["complete", "cancelled", "failed"])(
    "gives the window back when it is %s",
    async (end) => {
      const { upload, chunks, window } = start(makeFile(100), { capacity: 30 });
      await until(() => chunks().length === 3);
      if (end === "complete") upload.complete("u1", 100);
      else if (end === "cancelled") upload.end({ kind: "cancelled" });
      else upload.end({ kind: "failed", failure: { code: "storage", message: "Full." } });
      await quiet();
      upload.acked(30, GRANT, 0); // too late
      expect(chunks()).toHaveLength(3);
      expect(await isWhole(window, 30)).toBe(true);
    },
  );

  it("has all bytes stored once it is complete", async () => {
    const { upload } = start(makeFile(25));
    upload.complete("u1", 25);
    expect(upload.stored.value).toBe(25);
    expect(upload.state.value).toEqual({ kind: "complete", id: "u1" });
    expect(upload.active).toBe(false);
  });

  it("stops when the server wants no more, and says how much that was", async () => {
    const { upload, chunks } = start(makeFile(100), { capacity: 20 });
    await until(() => chunks().length === 2);
    upload.complete("u1", 20);
    await quiet();
    expect(chunks()).toHaveLength(2);
    expect(upload.state.value).toEqual({ kind: "complete", id: "u1", enough: 20 });
  });

  it("is not brought back by a late answer", async () => {
    const { upload, sent, link, again } = start(makeFile(25));
    upload.end({ kind: "cancelled" });
    const before = sent.length;
    again(0, GRANT);
    upload.start(link);
    await quiet();
    expect(upload.state.value.kind).toBe("cancelled");
    expect(sent).toHaveLength(before);
  });

  it("fails when its file cannot be read, and frees what is stored", async () => {
    const { upload, sent, window } = start(deletedFile(25), { capacity: 30 });
    await until(() => !upload.active);
    expect(upload.state.value).toEqual({ kind: "failed", failure: { code: "unreadable" } });
    expect(sent).toEqual([{ kind: "abort", id: "u1", reason: "unreadable", secret: "s1" }]);
    expect(await isWhole(window, 30)).toBe(true);
  });

  it("fails when its file has become shorter", async () => {
    const file = makeFile(25);
    Object.defineProperty(file, "size", { value: 35 });
    const { upload, window } = start(file, { capacity: 100 });
    await until(() => !upload.active);
    expect(upload.state.value).toEqual({ kind: "failed", failure: { code: "unreadable" } });
    expect(await isWhole(window, 100)).toBe(true);
  });
});

describe("an upload of which something is stored", () => {
  const stored = (offset: number, of = pattern(50)) => ({
    attempt: 1,
    offset,
    checksum: checksum(of.subarray(0, offset)),
    grant: GRANT,
  });

  it("goes on from there, if the file begins with it", async () => {
    const { upload, sent, chunks, link } = start(makeFile(50), { grant: 0 });
    upload.resume(stored(23));
    upload.start(link);
    expect(upload.state.value.kind).toBe("checking");
    await until(() => upload.state.value.kind === "finishing");
    expect(chunks().map(({ offset }) => offset)).toEqual([23, 33, 43]);
    expect(chunks().map((it) => it.checksum)).toEqual(
      [33, 43, 50].map((end) => checksum(pattern(50).subarray(0, end))),
    );
    expect(sent.at(-1)).toMatchObject({ kind: "finish", checksum: checksum(pattern(50)) });
  });

  it("fails if the file begins with something else, and sends none of it", async () => {
    const { upload, sent, chunks, link } = start(makeFile(50), { grant: 0 });
    upload.resume(stored(23, pattern(50, 1)));
    upload.start(link);
    await until(() => !upload.active);
    expect(upload.state.value).toEqual({ kind: "failed", failure: { code: "changed" } });
    expect(chunks()).toEqual([]);
    expect(sent).toEqual([{ kind: "abort", id: "u1", reason: "unreadable", secret: "s1" }]);
  });

  it("fails if what was sent is stored as something else", async () => {
    const { upload, link } = start(makeFile(50), { grant: 20 });
    await quiet();
    upload.resume(stored(20, pattern(50, 1)));
    upload.start(link);
    await until(() => !upload.active);
    expect(upload.state.value).toEqual({ kind: "failed", failure: { code: "changed" } });
  });

  it("needs no look at the file for what it has sent itself", async () => {
    const file = makeFile(50);
    const { upload, link } = start(file, { grant: 20 });
    await quiet();
    upload.resume(stored(20));
    upload.start(link);
    expect(upload.state.value.kind).toBe("running");
    await until(() => upload.state.value.kind === "finishing");
  });

  it("says finish if nothing is missing", async () => {
    const { upload, sent, link } = start(makeFile(50), { grant: 0 });
    upload.resume(stored(50));
    upload.start(link);
    await until(() => upload.state.value.kind === "finishing");
    expect(sent).toMatchObject([{ kind: "finish", attempt: 1, checksum: checksum(pattern(50)) }]);
  });

  it("stops looking when it is cancelled", async () => {
    const { upload, sent, link } = start(makeFile(50), { grant: 0 });
    upload.resume(stored(23, pattern(50, 1)));
    upload.start(link);
    upload.end({ kind: "cancelled" });
    await quiet();
    expect(sent).toEqual([]);
    expect(upload.state.value.kind).toBe("cancelled");
  });
});
