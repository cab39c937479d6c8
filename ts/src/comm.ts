/** A Jupyter comm of our own beside Panel's; what it is for stands in `panel_chunked/comm.py`. */

import type { ClientMessage } from "./protocol";

const TARGET = "panel_chunked";

/** What Panel's extension of JupyterLab gives, as far as it is used here. */
interface JupyterComm {
  /** False before there is a kernel. */
  active: boolean;
  onMsg: (message: { content: { data: unknown } }) => void;
  open(): void;
  send(data: unknown, metadata: object, buffers: ArrayBuffer[]): void;
}

export interface CommOpener {
  connectToComm(target: string, id: string): JupyterComm;
}

/** By token. JupyterLab opens none a second time, as another view of the same output would. */
const opened = new Map<string, JupyterComm>();

export class Comm {
  /**
   * Whether nothing has come since something was sent. While a cell runs, a kernel (ipykernel 7.4)
   * may leave the messages of one comm where they are, and answer those of another.
   */
  isUnanswered = false;

  private constructor(
    private readonly comm: JupyterComm,
    private receive: (data: unknown) => void,
  ) {
    comm.onMsg = ({ content }) => {
      this.isUnanswered = false;
      this.receive(content.data);
    };
  }

  /** Open the one that Python knows as `token`, or give null if there is no way to. */
  static open(
    opener: CommOpener | undefined,
    token: string,
    receive: (data: unknown) => void,
  ): Comm | null {
    try {
      const comm = opener?.connectToComm(TARGET, token);
      if (!comm?.active) return null;
      comm.open();
      opened.set(token, comm);
    } catch (error) {
      if (!/already/i.test(String(error))) return null; // no extension that could, or it is gone
    }
    const comm = opened.get(token);
    return comm === undefined ? null : new Comm(comm, receive);
  }

  send(message: ClientMessage): void {
    this.isUnanswered = true;
    if (message.kind !== "chunk") {
      this.comm.send(message, {}, []);
      return;
    }
    const { data, ...fields } = message;
    this.comm.send(fields, {}, [data]);
  }

  close(): void {
    this.receive = () => undefined;
  }
}
