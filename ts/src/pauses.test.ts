import { describe, expect, it, vi } from "vitest";
import { makeFile, pattern, picked } from "../tests/files";
import { ended, setUp, states, upload, windowIsWhole } from "../tests/queue";
import { quiet, until } from "../tests/waiting";

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

  it("of all leaves those sending that did, however often", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 1000 });
    queue.add(picked(...Array.from({ length: 12 }, (_, n) => makeFile(3000, `${n}.bin`))));
    server.answerAll();
    for (let round = 0; round < 3; round += 1) {
      await quiet();
      queue.pauseAll();
      queue.goOnAll();
      expect(queue.turns.begun.map(({ id }) => id).sort()).toEqual(["u0", "u1", "u2"]);
    }
    server.auto = true;
    server.answerAll();
    await ended(queue);
    for (let n = 0; n < 12; n += 1) expect(server.bytes(`${n}.bin`)).toEqual(pattern(3000));
  });

  it("of one that had begun ends before another begins", async () => {
    const { server, queue } = setUp({}, { auto: false, maxInFlight: 1000 });
    queue.add(picked(...Array.from({ length: 9 }, (_, n) => makeFile(3000, `${n}.bin`))));
    server.answerAll();
    await quiet();
    const first = upload(queue, "0.bin");
    queue.pause(first);
    await quiet();
    queue.goOn(first);
    expect(first.state.value.kind).toBe("created"); // three others are sending
    queue.cancel(upload(queue, "1.bin"));
    expect(first.state.value.kind).toBe("running");
    expect(upload(queue, "4.bin").state.value.kind).toBe("created");
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
    const [next] = queue.retry([upload(queue, "a.bin")]);
    server.auto = true;
    server.answerAll();
    await until(() => next?.id === "u1");
    if (next === undefined) throw new Error("It cannot be tried again.");
    queue.pause(next);
    server.send({ kind: "error", id: "u1", code: "storage_full", message: "Full." });
    const [last] = queue.retry([next]);
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
