import { describe, expect, it, vi } from "vitest";
import { FakeServer } from "../tests/fake-server";
import { makeFile, pattern, picked } from "../tests/files";
import { ended, KiB, setUp, states, upload } from "../tests/queue";
import { quiet, turn, until } from "../tests/waiting";
import { UploadQueue } from "./queue";
import { FIRST_QUESTION, SHOWN_AFTER } from "./silence";
import { UNSEEN_FOR } from "./views";

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
