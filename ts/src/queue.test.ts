import { describe, expect, it } from "vitest";
import { deletedFile, makeFile, pattern, picked } from "../tests/files";
import { ended, setUp, states, upload, windowIsWhole } from "../tests/queue";
import { quiet, until } from "../tests/waiting";

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

  it("before the server has answered is said again when the connection was lost", async () => {
    const { server, queue } = setUp({}, { auto: false });
    server.answerAll();
    queue.add(picked(makeFile(20)));
    server.deliver = () => undefined;
    server.answerAll();
    queue.cancel(upload(queue, "a.bin"));
    queue.attach(server.connect({}, true));
    server.answerAll();
    expect(server.upload("a.bin").state).toBe("freed");
    expect(queue.isUnanswered).toBe(false);
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
