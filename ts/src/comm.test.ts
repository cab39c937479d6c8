import { beforeEach, describe, expect, it, vi } from "vitest";
import { Comm, type CommOpener } from "./comm";
import type { ClientMessage } from "./protocol";

let tokens = 0;

/** JupyterLab's side: opens each comm once, as its kernel connection does. */
class FakeKernel implements CommOpener {
  readonly sent: unknown[][] = [];
  readonly targets: [string, string][] = [];
  readonly comm = {
    active: true,
    onMsg: (_: { content: { data: unknown } }): void => undefined,
    open: vi.fn(),
    send: (...message: unknown[]): void => void this.sent.push(message),
  };

  connectToComm(target: string, id: string) {
    if (this.targets.some(([, known]) => known === id)) throw new Error("Comm is already created");
    this.targets.push([target, id]);
    return this.comm;
  }

  say(data: unknown): void {
    this.comm.onMsg({ content: { data } });
  }
}

describe("Comm", () => {
  let kernel: FakeKernel;
  let token: string;
  beforeEach(() => {
    kernel = new FakeKernel();
    tokens += 1;
    token = `token${tokens}`;
  });

  it("is opened by the token, and carries a chunk's bytes as a buffer", () => {
    const comm = Comm.open(kernel, token, () => undefined);
    const chunk: ClientMessage = {
      kind: "chunk",
      id: "u",
      attempt: 0,
      offset: 5,
      checksum: 7,
      data: new ArrayBuffer(3),
    };

    comm?.send(chunk);
    comm?.send({ kind: "finish", id: "u", attempt: 0, size: 3, checksum: 7 });

    expect(kernel.targets).toEqual([["panel_chunked", token]]);
    expect(kernel.comm.open).toHaveBeenCalledOnce();
    const { data, ...fields } = chunk;
    expect(kernel.sent).toEqual([
      [fields, {}, [data]],
      [{ kind: "finish", id: "u", attempt: 0, size: 3, checksum: 7 }, {}, []],
    ]);
  });

  it("knows whether anything has come since something was sent", () => {
    const comm = Comm.open(kernel, token, () => undefined);

    expect(comm?.isUnanswered).toBe(false);
    comm?.send({ kind: "remove", id: "u" });
    expect(comm?.isUnanswered).toBe(true);
    kernel.say(1);
    expect(comm?.isUnanswered).toBe(false);
  });

  it("hands on what comes, until it is closed", () => {
    const received: unknown[] = [];
    const comm = Comm.open(kernel, token, (data) => received.push(data));

    kernel.say(1);
    comm?.close();
    kernel.say(2);

    expect(received).toEqual([1]);
  });

  it("is the same for another view of the output, which takes it over", () => {
    const received: string[] = [];
    const first = Comm.open(kernel, token, (data) => received.push(`first ${data}`));
    const second = Comm.open(kernel, token, (data) => received.push(`second ${data}`));

    first?.close();
    kernel.say("message");

    expect(second).not.toBeNull();
    expect(kernel.comm.open).toHaveBeenCalledOnce();
    expect(received).toEqual(["second message"]);
  });

  it("is a new one when the notebook was closed and opened again", () => {
    Comm.open(kernel, token, () => undefined);
    const reopened = new FakeKernel();

    Comm.open(reopened, token, () => undefined)?.send({ kind: "remove", id: "u" });

    expect(kernel.sent).toEqual([]);
    expect(reopened.sent).toHaveLength(1);
  });

  it("is none where nothing can open one, or there is no kernel yet", () => {
    expect(Comm.open(undefined, token, () => undefined)).toBeNull();
    expect(Comm.open({} as CommOpener, token, () => undefined)).toBeNull();
    kernel.comm.active = false;
    expect(Comm.open(kernel, token, () => undefined)).toBeNull();
  });
});
