/**
 * Messages of uploads as WebSocket frames of their own, on the socket that Bokeh's go by.
 *
 * The Python twin is `panel_chunked/frames.py`: each begins with a token that no message of Bokeh
 * begins with. JSON follows, and in a binary frame the bytes of the chunk.
 */

import type { ClientMessage } from "./protocol";

/** Bytes before those of a chunk: the token and JSON, filled up with spaces. */
export const HEAD_SIZE = 256;

/** Characters of a token. */
const TOKEN_SIZE = 24;

type Receive = (data: unknown) => void;

const encoder = new TextEncoder();

/** Who takes the frames behind a token, by the socket that they come on. */
const receivers = new WeakMap<WebSocket, Map<string, Receive>>();

export class Frames {
  constructor(
    private readonly socket: WebSocket,
    private readonly token: string,
    receive: Receive,
  ) {
    receiversOf(socket).set(token, receive);
  }

  /** The data of a chunk has room for the head before its bytes. */
  send(message: ClientMessage): void {
    if (message.kind !== "chunk") {
      this.socket.send(this.token + JSON.stringify(message));
      return;
    }
    const { data, ...facts } = message;
    const head = (this.token + JSON.stringify(facts)).padEnd(HEAD_SIZE);
    encoder.encodeInto(head, new Uint8Array(data));
    this.socket.send(data);
  }

  /** Drop what still comes: Bokeh would give the connection up over it. */
  close(): void {
    receiversOf(this.socket).set(this.token, () => undefined);
  }
}

/** Call `send`, and give the socket that it has sent by, if there is one. */
export function socketOf(send: () => void): WebSocket | null {
  const { prototype } = WebSocket;
  const original = prototype.send;
  let used: WebSocket | null = null;
  prototype.send = function (data) {
    used = this;
    original.call(this, data);
  };
  try {
    send();
  } finally {
    prototype.send = original;
  }
  return used;
}

function receiversOf(socket: WebSocket): Map<string, Receive> {
  const known = receivers.get(socket);
  if (known !== undefined) return known;
  const byToken = new Map<string, Receive>();
  receivers.set(socket, byToken);
  const bokeh = socket.onmessage;
  socket.onmessage = (event) => {
    const { data } = event;
    const receive = typeof data === "string" && byToken.get(data.slice(0, TOKEN_SIZE));
    if (receive) receive(JSON.parse(data.slice(TOKEN_SIZE)));
    else bokeh?.call(socket, event);
  };
  return byToken;
}
