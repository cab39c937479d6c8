import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeMediaRecorder, FakeStream, lastRecorder, stubMedia } from "../tests/fake-media";
import { FakeServer, type ModelSettings } from "../tests/fake-server";
import { pattern } from "../tests/files";
import { quiet, until } from "../tests/waiting";
import { UploadQueue } from "./queue";
import { Recorder, type Remark } from "./recorder";

let asked: unknown[];
let stream: FakeStream;
let open: () => Promise<FakeStream>;

beforeEach(() => {
  stream = new FakeStream("audio");
  open = async () => stream;
  ({ asked } = stubMedia(() => open()));
});

afterEach(() => void vi.unstubAllGlobals());

function setUp(settings: ModelSettings = {}, { auto = true } = {}) {
  const server = Object.assign(new FakeServer(), { auto: true, view: "recorder" as const });
  const queue = new UploadQueue();
  const recorder = new Recorder(queue);
  queue.attach(server.connect(settings));
  const start = async () => {
    await until(() => queue.isOpen);
    server.auto = auto;
    await recorder.start();
    return lastRecorder();
  };
  const states = () => queue.uploads.value.map(({ state }) => state.value.kind);
  return { server, queue, recorder, start, states };
}

/** What the server has of the only recording. */
function stored(server: FakeServer): Uint8Array {
  const [upload] = server.uploads;
  return Uint8Array.from(upload?.chunks.flatMap((chunk) => [...chunk]) ?? []);
}

describe("a recording", () => {
  it("is sent while it is made, and is a file when it is stopped", async () => {
    const { server, recorder, start, states } = setUp();
    const media = await start();
    media.give(pattern(25));
    await until(() => stored(server).length === 25);
    expect(server.sent("finish")).toEqual([]);
    media.rest = pattern(30).subarray(25);
    recorder.stop();
    await until(() => states()[0] === "complete");
    expect(stored(server)).toEqual(pattern(30));
    expect(server.sent("finish")).toMatchObject([{ size: 30 }]);
    expect(server.uploads[0]?.facts).toMatchObject({
      name: expect.stringMatching(/^recording-\d{4}-\d\d-\d\d-\d{6}\.webm$/),
      size: null,
      mime_type: "audio/webm;codecs=opus",
    });
    expect(stream.tracks[0]?.isStopped).toBe(true);
    expect(recorder.state).toBe("inactive");
  });

  it("keeps the page from being left without a question until all of it is stored", async () => {
    const { page } = stubMedia(() => open());
    const asks = () => {
      const event = new Event("beforeunload");
      Object.defineProperty(event, "returnValue", { value: "", writable: true }); // as its own has
      page.dispatchEvent(event);
      return Boolean(event.returnValue);
    };
    const { server, recorder, start, states } = setUp({}, { auto: false });
    expect(asks()).toBe(false);
    const media = await start();
    media.give(pattern(25));
    expect(asks()).toBe(true);
    recorder.stop();
    expect(asks()).toBe(true);
    server.auto = true;
    server.answerAll();
    await until(() => states()[0] === "complete");
    expect(asks()).toBe(false);
  });

  it("pauses, and goes on", async () => {
    const { server, recorder, start, states } = setUp();
    const media = await start();
    recorder.pause();
    expect(media.state).toBe("paused");
    recorder.goOn();
    expect(media.state).toBe("recording");
    recorder.pause();
    recorder.stop();
    await until(() => states()[0] === "complete");
    const told = server.sent("recording").map(({ state }) => state);
    expect(told).toEqual(["inactive", "recording", "paused", "recording", "paused", "inactive"]);
  });

  it("loses nothing while the connection is away", async () => {
    const { server, queue, recorder, start, states } = setUp();
    const media = await start();
    media.give(pattern(25));
    await until(() => stored(server).length === 25);
    server.auto = false;
    media.give(pattern(60).subarray(25));
    await quiet();
    queue.connectionLost();
    media.give(pattern(90).subarray(60));
    queue.attach(server.connect({}, true));
    server.auto = true;
    server.answerAll();
    await until(() => stored(server).length === 90);
    recorder.stop();
    await until(() => states()[0] === "complete");
    expect(stored(server)).toEqual(pattern(90));
  });

  it.each([
    ["start", "stop"],
    ["start", "pause", "start", "stop"],
  ] as const)("is made as Python says: %s", async (...actions) => {
    const { server, queue, recorder, states } = setUp();
    await until(() => queue.isOpen);
    for (const action of actions) {
      server.send({ kind: "record", action });
      const wanted = { start: "recording", pause: "paused", stop: "inactive" }[action];
      await until(() => recorder.state === wanted);
    }
    await until(() => states()[0] === "complete");
  });

  it("tells a page that comes back what it does", async () => {
    const { server, queue, start } = setUp();
    await start();
    queue.attach(server.connect({}, true));
    await until(() => server.sent("recording").length === 3);
    expect(server.sent("recording").at(-1)).toEqual({ kind: "recording", state: "recording" });
  });

  it("is not begun while the one before is sent, unless several are kept", async () => {
    for (const multiple of [false, true]) {
      const { recorder, start } = setUp({ multiple }, { auto: false });
      const media = await start();
      media.give(pattern(200));
      recorder.stop();
      await until(() => recorder.state === "inactive");
      expect(recorder.canStart).toBe(multiple);
    }
  });

  it("ends when its upload does", async () => {
    const { server, recorder, start, states } = setUp();
    const media = await start();
    await until(() => server.uploads.length === 1);
    server.send({ kind: "error", code: "storage", message: "Full.", id: "u0" });
    expect(states()).toEqual(["failed"]);
    expect([recorder.state, media.state]).toEqual(["inactive", "inactive"]);
    expect(stream.tracks[0]?.isStopped).toBe(true);
  });

  it("that is refused records nothing", async () => {
    const { recorder, queue, states } = setUp({ multiple: true, max_files: 1 });
    await until(() => queue.isOpen);
    await recorder.start();
    recorder.stop();
    await until(() => states()[0] === "complete");
    await recorder.start();
    expect(states()).toEqual(["complete", "refused"]);
    expect(recorder.state).toBe("inactive");
    expect(lastRecorder().state).toBe("inactive");
  });

  it("is not offered to be sent again, since what was sent of it is not kept", async () => {
    const { server, queue, start } = setUp();
    await start();
    await until(() => server.uploads.length === 1);
    server.send({ kind: "error", code: "storage_full", message: "Full.", id: "u0" });
    const [upload] = queue.uploads.value;
    expect(upload && queue.canRetry(upload)).toBe(false);
    expect(queue.retries.waiting).toEqual([]);
  });

  it("fails if the server has lost what it had acknowledged", async () => {
    const { server, queue, recorder, start } = setUp();
    const media = await start();
    media.give(pattern(25));
    await until(() => recorder.take.value?.recording.waiting === 0);
    const lost = { attempt: 1, offset: 0, checksum: 0, grant: 1000 };
    server.send({ kind: "resume", id: "u0", ...lost });
    await until(() => recorder.state === "inactive");
    const failure = { code: "recording_gone" };
    expect(queue.uploads.value[0]?.state.value).toEqual({ kind: "failed", failure });
  });

  it("ends when the app has enough of it", async () => {
    const { server, recorder, start, states } = setUp();
    const media = await start();
    media.give(pattern(10));
    await until(() => stored(server).length === 10);
    server.send({ kind: "complete", id: "u0", offset: 10 });
    expect(states()).toEqual(["complete"]);
    expect([recorder.state, media.state]).toEqual(["inactive", "inactive"]);
  });

  it("whose device goes away is kept", async () => {
    const { recorder, start, states, server } = setUp();
    const media = await start();
    media.rest = pattern(7);
    stream.tracks[0]?.end();
    await until(() => states()[0] === "complete");
    expect(stored(server)).toEqual(pattern(7));
    expect(recorder.remark.value).toBe("lost_device");
  });

  it("whose recorder has stopped before the page hears of the device is kept to its end", async () => {
    const { start, states, server } = setUp();
    const media = await start();
    media.rest = pattern(7);
    media.stop();
    stream.tracks[0]?.end();
    await until(() => states()[0] === "complete");
    expect(stored(server)).toEqual(pattern(7));
  });

  it("that the browser stops by itself is kept", async () => {
    const { start, states } = setUp();
    const media = await start();
    media.give(pattern(7));
    media.stop();
    await until(() => states()[0] === "complete");
  });
});

describe("where more is recorded than sent", () => {
  it("the recording pauses, and goes on when half of it was sent", async () => {
    const { server, recorder, start } = setUp({ max_waiting: 100 }, { auto: false });
    const media = await start();
    for (const end of [40, 80]) media.give(pattern(end).subarray(end - 40));
    expect(recorder.now.value).toEqual({ kind: "paused", isFull: true });
    expect(media.state).toBe("paused");
    recorder.goOn(); // in vain
    expect(media.state).toBe("paused");
    server.auto = true;
    server.answerAll();
    await until(() => recorder.state === "recording");
    expect(media.state).toBe("recording");
  });

  it("a pause of the user's stays one", async () => {
    const { server, recorder, start } = setUp({ max_waiting: 100 }, { auto: false });
    const media = await start();
    media.give(pattern(80));
    recorder.pause();
    server.auto = true;
    server.answerAll();
    await until(() => stored(server).length === 80);
    expect(recorder.now.value).toEqual({ kind: "paused", isFull: false });
    recorder.goOn();
    expect(recorder.state).toBe("recording");
  });

  it("the recording ends, if that is wanted, and is kept", async () => {
    const { server, recorder, start, states } = setUp(
      { max_waiting: 100, when_full: "stop" },
      { auto: false },
    );
    const media = await start();
    media.give(pattern(80));
    await until(() => recorder.state === "inactive");
    expect(recorder.remark.value).toBe("full");
    server.auto = true;
    server.answerAll();
    await until(() => states()[0] === "complete");
    expect(stored(server)).toEqual(pattern(80));
  });

  it("no more waits than is allowed, and one part", async () => {
    const { recorder, start } = setUp({ max_waiting: 100 }, { auto: false });
    const media = await start();
    while (media.state === "recording") media.give(pattern(30));
    expect(recorder.take.value?.recording.waiting).toBeLessThanOrEqual(100);
  });
});

describe("a limit", () => {
  it.each<[ModelSettings, number]>([
    [{ max_file_size: 100 }, 100],
    [{ max_total_size: 90 }, 90],
    [{ max_total_size: 100, multiple: true }, 100],
  ])("ends the recording, which keeps it: %o", async (settings, most) => {
    const { server, recorder, start, states } = setUp(settings);
    const media = await start();
    media.rest = pattern(100);
    media.give(pattern(40));
    await until(() => states()[0] === "complete");
    expect(stored(server).length).toBe(most);
    expect(recorder.remark.value).toBe("limit");
  });
});

describe("nothing is recorded, and the page says why", () => {
  it.each<[string, Remark]>([
    ["NotAllowedError", "denied"],
    ["NotFoundError", "no_device"],
    ["NotReadableError", "in_use"],
    ["InvalidStateError", "not_clicked"],
    ["InvalidAccessError", "not_clicked"], // Safari
    ["WhoKnowsError", "broken"],
  ])("after %s", async (name, remark) => {
    open = () => Promise.reject(new DOMException("no", name));
    const { recorder, queue } = setUp();
    await until(() => queue.isOpen);
    await recorder.start();
    expect(recorder.remark.value).toBe(remark);
    expect(recorder.now.value.kind).toBe("idle");
    expect(queue.uploads.value).toEqual([]);
  });

  it.each<[boolean, Remark]>([
    [false, "insecure"],
    [true, "unsupported"],
  ])("without devices, secure or not: %s", async (isSecure, remark) => {
    vi.stubGlobal("navigator", {});
    vi.stubGlobal("isSecureContext", isSecure);
    const { recorder, queue } = setUp();
    await until(() => queue.isOpen);
    await recorder.start();
    expect(recorder.remark.value).toBe(remark);
  });

  it("when the question is taken back", async () => {
    let answer: (stream: FakeStream) => void = () => undefined;
    open = () => new Promise((resolve) => (answer = resolve));
    const { recorder, queue } = setUp();
    await until(() => queue.isOpen);
    const asking = recorder.start();
    expect(recorder.now.value.kind).toBe("asking");
    recorder.stop();
    expect(recorder.now.value.kind).toBe("idle");
    answer(stream);
    await asking;
    expect(stream.tracks[0]?.isStopped).toBe(true);
    expect(FakeMediaRecorder.made).toEqual([]);
  });
});

describe("what is recorded", () => {
  it.each<[ModelSettings, string]>([
    [{ media_type: "video/webm", source: "camera" }, "video/webm"],
    [{ media_type: "video/unknown", source: "camera" }, "video/webm"],
    [{ media_type: "audio/webm;codecs=opus", source: "camera" }, "video/webm"],
    [{ media_type: "video/webm", source: "microphone" }, "audio/webm;codecs=opus"],
    [{ media_type: null, source: "screen" }, "video/webm"],
    [{ media_type: null, source: "microphone" }, "audio/webm;codecs=opus"],
  ])("is what is wanted, or what the browser can: %o", async (settings, type) => {
    const { start } = setUp({ ...settings, audio_bits_per_second: 64_000 });
    const { options } = await start();
    expect(options).toEqual({ mimeType: type, audioBitsPerSecond: 64_000 });
  });

  it("comes from the device that was chosen", async () => {
    const devices = [
      { kind: "audioinput", deviceId: "a", label: "Desk" },
      { kind: "audioinput", deviceId: "b", label: "Headset" },
      { kind: "audioinput", deviceId: "c", label: "" },
    ];
    ({ asked } = stubMedia(() => open(), devices));
    const { recorder, start } = setUp();
    await until(() => recorder.devices.value.audioinput.length === 2);
    recorder.choose("audioinput", "b");
    await start();
    expect(asked).toEqual([{ audio: { deviceId: { exact: "b" } } }]);
  });

  it("is the picture alone where a camera has no microphone", async () => {
    const missing = new DOMException("no", "NotFoundError");
    open = () => (asked.length === 1 ? Promise.reject(missing) : Promise.resolve(stream));
    await setUp({ source: "camera" }).start();
    expect(asked).toEqual([{ audio: true, video: true }, { video: true }]);
  });
});
