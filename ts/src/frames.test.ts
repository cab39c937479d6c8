import { beforeEach, describe, expect, it } from "vitest";
import { frameCases } from "../tests/golden";
import { Frames, HEAD_SIZE, socketOf } from "./frames";
import type { ClientMessage } from "./protocol";

const { token, client, server } = frameCases();
const ANOTHER = token.replaceAll("A", "C");

/** What is used of a WebSocket; jsdom's would connect. */
class Socket {
  readonly sent: (string | ArrayBuffer)[] = [];
  readonly bokehs: unknown[] = [];
  onmessage = (event: { data: unknown }): void => void this.bokehs.push(event.data);

  send(data: string | ArrayBuffer): void {
    this.sent.push(typeof data === "string" ? data : data.slice(0));
  }
}

let socket: Socket;
let received: unknown[];

/** Give the frames of a widget on `socket`. */
function open(itsToken = token, receive = (data: unknown) => void received.push(data)): Frames {
  return new Frames(socket as unknown as WebSocket, itsToken, receive);
}

/** Put room for the head before the bytes of a chunk, as the reader does. */
function withHead(message: Record<string, unknown>): ClientMessage {
  if (!(message.data instanceof ArrayBuffer)) return message as ClientMessage;
  const data = new Uint8Array(HEAD_SIZE + message.data.byteLength).fill(7);
  data.set(new Uint8Array(message.data), HEAD_SIZE);
  return { ...message, data: data.buffer } as ClientMessage;
}

beforeEach(() => {
  socket = new Socket();
  received = [];
});

describe("frames", () => {
  it.each(client)("say $name as the golden frame", ({ message, frame }) => {
    open().send(withHead(message));
    expect(socket.sent).toEqual([frame]);
  });

  it.each(server)("give $name of the golden frame", ({ message, frame }) => {
    open();
    socket.onmessage({ data: frame });
    expect(received).toEqual([message]);
    expect(socket.bokehs).toEqual([]);
  });

  it.each(["{}", "", "ACK", new ArrayBuffer(3)])("leave %o to Bokeh", (data) => {
    open();
    socket.onmessage({ data });
    expect(socket.bokehs).toEqual([data]);
    expect(received).toEqual([]);
  });

  it("of several widgets share a socket", () => {
    const others: unknown[] = [];
    open();
    open(ANOTHER, (data) => void others.push(data));
    socket.onmessage({ data: `${ANOTHER}${JSON.stringify({ n: 1 })}` });
    socket.onmessage({ data: `${token}${JSON.stringify({ n: 2 })}` });
    expect([others, received]).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  });

  it("that come for a view that is gone do not reach Bokeh", () => {
    open().close();
    socket.onmessage({ data: `${token}{}` });
    expect([...socket.bokehs, ...received]).toEqual([]);
  });
});

describe("the socket that was sent by", () => {
  it("is found", () => {
    const used = Object.create(WebSocket.prototype) as WebSocket;
    const { send } = WebSocket.prototype;
    const sent: unknown[] = [];
    WebSocket.prototype.send = (data) => void sent.push(data);
    try {
      expect(socketOf(() => used.send("hello"))).toBe(used);
    } finally {
      WebSocket.prototype.send = send;
    }
    expect(sent).toEqual(["hello"]);
  });

  it("is none if nothing was sent, as in a notebook", () => {
    expect(socketOf(() => undefined)).toBeNull();
  });

  it("leaves no trace if sending fails", () => {
    const { send } = WebSocket.prototype;
    expect(() =>
      socketOf(() => {
        throw new Error("closing");
      }),
    ).toThrow("closing");
    expect(WebSocket.prototype.send).toBe(send);
  });
});
