import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeServer } from "../tests/fake-server";
import { makeFile, picked } from "../tests/files";
import { turn } from "../tests/waiting";
import type { PanelChannel } from "./channel";
import { LEFT_AFTER, NOBODY, Probe } from "./probe";
import { UploadQueue } from "./queue";
import { FIRST_QUESTION } from "./silence";

const ANSWER = { kind: "removed", id: NOBODY } as const;
const ACK = { kind: "ack", id: "u0", offset: 1, grant: 1, delay: 0 } as const;

function fake(unsent = 0) {
  return { unsent, send: vi.fn(), doubt: vi.fn() };
}

function asChannel(channel: ReturnType<typeof fake>): PanelChannel {
  return channel as unknown as PanelChannel;
}

describe("a socket that says nothing", () => {
  test("is asked once, then doubted, and left if that takes long", () => {
    const [channel, probe] = [fake(), new Probe()];
    probe.ask(asChannel(channel), false);
    expect(channel.doubt).not.toHaveBeenCalled();
    probe.ask(asChannel(channel), false);
    probe.ask(asChannel(channel), true);
    expect(channel.send.mock.calls).toEqual([[{ kind: "remove", id: NOBODY }]]);
    expect(channel.doubt.mock.calls).toEqual([[false], [true]]);
  });

  test.each([ANSWER, ACK])("is kept if anything has come: %s", (message) => {
    const [channel, probe] = [fake(), new Probe()];
    probe.ask(asChannel(channel), true);
    expect(probe.heard(message)).toBe(message === ANSWER);
    probe.ask(asChannel(channel), true);
    expect(channel.doubt).not.toHaveBeenCalled();
    expect(channel.send).toHaveBeenCalledTimes(2);
  });

  test("is kept as long as it takes bytes", () => {
    const [channel, probe] = [fake(3000), new Probe()];
    probe.ask(asChannel(channel), false);
    channel.unsent = 2000;
    probe.ask(asChannel(channel), true);
    probe.ask(asChannel(channel), true);
    expect(channel.doubt.mock.calls).toEqual([[false], [true]]);
  });

  test("and another one are two", () => {
    const [one, other, probe] = [fake(), fake(), new Probe()];
    probe.ask(asChannel(one), true);
    probe.ask(asChannel(other), true);
    expect(other.send).toHaveBeenCalledOnce();
    expect(other.doubt).not.toHaveBeenCalled();
  });
});

describe("an upload whose acks do not come", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function silent() {
    const server = Object.assign(new FakeServer(), { auto: false });
    const queue = new UploadQueue();
    const channel = server.connect();
    const doubt = vi.spyOn(channel, "doubt");
    queue.attach(channel);
    queue.add(picked(makeFile(200)));
    server.answerAll();
    for (let i = 0; i < 100 && server.inFlight < 40; i += 1) await turn();
    return { server, queue, doubt };
  }

  test("is shown to wait, and stays where it is, as long as the server answers", async () => {
    const { server, queue, doubt } = await silent();
    for (let time = 0; time < 3 * LEFT_AFTER; time += FIRST_QUESTION) {
      vi.advanceTimersByTime(FIRST_QUESTION);
      server.send(ANSWER);
      expect(queue.silence.isLong.value).toBe(true);
    }
    expect(doubt).not.toHaveBeenCalledWith(true);
  });

  test("leaves the socket if the server does not answer either", async () => {
    const { server, doubt } = await silent();
    vi.advanceTimersByTime(FIRST_QUESTION);
    expect(server.sent("remove")).toEqual([{ kind: "remove", id: NOBODY }]);
    vi.advanceTimersByTime(LEFT_AFTER);
    expect(doubt).toHaveBeenLastCalledWith(true);
  });
});
