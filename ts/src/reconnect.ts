/**
 * What becomes of a lost connection to Bokeh's server. With `pn.extension(reconnect=True)` BokehJS
 * connects again, but waits up to 16 seconds between its five attempts, and gives up after half a
 * minute. So while uploads are under way, the page looks more often whether the server answers, and
 * connects once it does. It does not simply try: Chromium lets a page that has opened a dozen
 * sockets in vain wait up to five seconds for the next, and BokehJS counts the attempts as its own.
 */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** What is used of BokehJS's connection. */
export interface BokehConnection {
  url?: string;
  token?: string;
  socket?: WebSocket | null;
  reconnect?(): unknown;
}

export type ConnectionState =
  | "up"
  /** BokehJS or this page tries to connect. */
  | "reconnecting"
  /** Nobody tries, unless the user or the app does. */
  | "lost"
  /** The server takes no connection with what this page has, as its token has expired. */
  | "refused";

/** Milliseconds between two looks: the longer it is lost, the more, and never much beside that. */
const MIN_DELAY = 1000;
const MAX_DELAY = 10_000;
const SHARE_OF_OUTAGE = 1 / 20;

/** Milliseconds after which a question, or an attempt, is given up that the network has swallowed. */
export const PATIENCE = 5000;

/** Milliseconds until it is tried without an answer, which a policy of the page may forbid. */
export const MAX_QUIET = 30_000;

/** Questions at once about a socket that is doubted: a browser has six connections to a server. */
const DOUBTS = 3;

/** Attempts in a row that are refused until the page believes it: one may be cut off by accident. */
export const REFUSALS = 3;

export class Reconnection {
  private readonly now: Signal<ConnectionState> = signal("up");
  private readonly isUploading: () => boolean;
  private connection: WeakRef<BokehConnection> | undefined;
  private token: string | null = null;
  private lostAt = 0;
  private triedAt = 0;
  private refusals = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The network is there again, so what was begun without it is in vain. */
  private readonly onOnline = () => this.attempt(0);

  /** `reconnects`: whether the app wants a lost connection back. */
  constructor(
    isUploading: () => boolean,
    private readonly reconnects: () => boolean,
  ) {
    this.isUploading = isUploading;
  }

  get state(): ReadonlySignal<ConnectionState> {
    return this.now;
  }

  /** Note what to connect with from now on. */
  renew(token: string): void {
    this.token = token;
  }

  /** The socket is lost, or could not be opened. */
  lost(connection: WeakRef<BokehConnection> | undefined): void {
    const known = connection?.deref();
    if (known !== undefined) this.giveToken(known);
    this.triedAt = performance.now(); // by BokehJS, if it does
    if (this.now.value === "refused") return;
    if (this.now.value !== "reconnecting") this.lostAt = this.triedAt;
    this.connection = connection;
    this.now.value = this.reconnects() && known !== undefined ? "reconnecting" : "lost";
    this.schedule();
  }

  /**
   * Nothing comes by `socket`. See whether the server answers otherwise, and if it does, `leave` it.
   * The first questions may go by idle connections that are as dead; the browser then drops these.
   */
  async doubt(socket: WebSocket, leave: boolean): Promise<void> {
    if (!this.reconnects()) return;
    const [address = ""] = socket.url.split("?");
    const questions = Array.from({ length: DOUBTS }, () => answers(address));
    const answered = await Promise.all(questions);
    const isKnown = socket.readyState === WebSocket.CLOSED; // to BokehJS, which may have another
    if (leave && !isKnown && answered.includes(true)) giveUp(socket);
  }

  /** The document was pulled anew. */
  restored(): void {
    this.refusals = 0;
    this.end("up");
  }

  private giveToken(connection: BokehConnection): void {
    const { token } = connection;
    if (this.token === null || token === undefined) return;
    if (sessionOf(this.token) === sessionOf(token)) connection.token = this.token;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.now.value !== "reconnecting") return;
    addEventListener("online", this.onOnline);
    const share = (performance.now() - this.lostAt) * SHARE_OF_OUTAGE;
    const delay = Math.min(Math.max(share, MIN_DELAY), MAX_DELAY);
    const apart = 0.5 + Math.random() / 2; // pages that were lost together come back apart
    this.timer = setTimeout(() => void this.look(), delay * apart);
  }

  private async look(): Promise<void> {
    const url = this.connection?.deref()?.url;
    if (url !== undefined && this.isUploading()) {
      const isOverdue = performance.now() - this.triedAt >= MAX_QUIET;
      if ((await answers(url)) || isOverdue) this.attempt(PATIENCE);
    }
    this.schedule();
  }

  /** Connect, unless that is being tried, and not for longer than `patience` milliseconds. */
  private attempt(patience: number): void {
    const connection = this.connection?.deref();
    const isWanted = this.now.value === "reconnecting" && this.isUploading();
    if (connection === undefined || !isWanted) return;
    const { socket } = connection;
    const time = performance.now();
    if (socket == null) {
      this.triedAt = time;
      void connection.reconnect?.();
      if (connection.socket) this.watch(connection.socket);
    } else if (socket.readyState === WebSocket.CONNECTING && time - this.triedAt >= patience) {
      socket.close(); // BokehJS says that it is lost, and the next attempt follows
    }
  }

  /** A server that refuses opens the socket first, and closes it without a word. */
  private watch(socket: WebSocket): void {
    let opened = false;
    socket.addEventListener("open", () => {
      opened = true;
    });
    socket.addEventListener("message", () => {
      opened = false;
      this.refusals = 0;
    });
    socket.addEventListener("close", () => {
      if (opened) this.refusals += 1;
      if (this.refusals >= REFUSALS) this.end("refused");
    });
  }

  private end(state: ConnectionState): void {
    this.now.value = state;
    clearTimeout(this.timer);
    removeEventListener("online", this.onOnline);
  }
}

/** Close a socket, and have BokehJS know now: the browser waits a minute for the other end. */
function giveUp(socket: WebSocket): void {
  socket.close();
  socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  socket.onclose = null; // it was told
}

/** Tell whether there is a server behind the address of the socket, and not only a proxy. */
async function answers(url: string): Promise<boolean> {
  const address = url.replace(/^ws/, "http").replace(/\/ws$/, "/metadata");
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    // An app in a page of another origin answers, too; only what it says is not to be seen.
    const { status } = await fetch(address, { mode: "no-cors", cache: "no-store", signal });
    return status < 500;
  } catch {
    return false;
  }
}

/** Give the session that a token is for: its first part is base64 of JSON, for URLs. */
function sessionOf(token: string): unknown {
  const [payload = ""] = token.split(".");
  try {
    return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).session_id;
  } catch {
    return Symbol("none"); // which no other equals
  }
}
