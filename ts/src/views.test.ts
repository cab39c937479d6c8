import { describe, expect, it, vi } from "vitest";
import { FakeServer } from "../tests/fake-server";
import { makeFile, pattern, picked } from "../tests/files";
import { ended, KiB, setUp, states, upload, windowIsWhole } from "../tests/queue";
import { quiet, until } from "../tests/waiting";
import { UploadQueue } from "./queue";

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
    expect(queue.notice.value).toBeNull();
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
