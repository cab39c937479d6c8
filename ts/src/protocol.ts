/**
 * Messages between browser and server: their shapes, and nothing of how they travel.
 *
 * The Python twin is `panel_chunked/protocol.py`; `tests/golden` holds messages that both read.
 */

import type { TextSet } from "./languages";

export const VERSION = 1;

/**
 * What an upload is known by, and what shows that a page may go on with it; an empty secret shows
 * nothing.
 */
export interface Identity {
  id: string;
  secret: string;
}

/**
 * What the server is told of a file; `key` is the browser's own name for the upload. `size` is null
 * as long as it is not known, as of a recording: `finish` tells it then. `resume` is that of an
 * upload which a page before has begun of the same file, as it seems.
 */
export interface FileFacts {
  key: string;
  name: string;
  relative_path: string;
  size: number | null;
  mime_type: string;
  resume?: Identity;
}

/** An upload that the page knows, from this session or one before; `batch` as in `create`. */
export interface KnownUpload extends Identity {
  batch: string;
}

export type ClientMessage =
  /**
   * Asks who is there, and what has become of the uploads: where to go on, or the end. `page` is
   * another for each queue: in a notebook, several pages may show the same widget.
   */
  | { kind: "hello"; version: number; page: string; uploads: KnownUpload[] }
  /** Files picked together; `more` says that the batch goes on in another message. */
  | { kind: "create"; page: string; batch: string; files: FileFacts[]; more: boolean }
  | Chunk
  | Finish
  /** Stop the upload and free what is stored of it, in another session, too. */
  | ({ kind: "abort"; reason: "cancelled" | "unreadable" } & Identity)
  /** Delete a complete file. */
  | { kind: "remove"; id: string }
  /** The user, or the app, has paused the upload, or it goes on; said again after each `hello`. */
  | { kind: "paused"; id: string; paused: boolean }
  /** What the recorder of the page does, whenever that changes and after each `hello`. */
  | { kind: "recording"; state: "inactive" | "recording" | "paused" }
  /** Asks for texts in another language, by its tag as in HTML. */
  | { kind: "language"; language: string };

/** Bytes of a file. */
export interface Chunk {
  kind: "chunk";
  id: string;
  /** The one that the server has asked for last. */
  attempt: number;
  offset: number;
  /** Of the file up to the end of the chunk. */
  checksum: number;
  data: ArrayBuffer;
}

/** All is sent, `size` bytes; `checksum` is that of the file. */
export interface Finish {
  kind: "finish";
  id: string;
  attempt: number;
  size: number;
  checksum: number;
}

export interface Welcome {
  kind: "welcome";
  version: number;
  /** A socket copies what it is given; a comm sends it later, that of an ipywidget one by one. */
  transport: "socket" | "comm" | "ipywidget";
  max_chunk_size: number;
  max_in_flight: number;
  /** What frames begin with, or what a comm is known by; null if there is only Bokeh's way. */
  token: string | null;
}

/**
 * The upload `key` is known as `id`; `grant` bytes beyond `offset` may be sent. With the `secret`,
 * another session goes on with it, after the server was started anew or the page was loaded again.
 * It is empty if none can, or if the upload has ended.
 */
export interface Created extends Omit<Resume, "kind"> {
  kind: "created";
  key: string;
  secret: string;
}

/** `offset` bytes are stored; `grant` bytes beyond that may be sent. */
export interface Ack {
  kind: "ack";
  id: string;
  offset: number;
  grant: number;
  /** Milliseconds that the last of these bytes waited on the server until they were stored. */
  delay: number;
}

/**
 * Send from `offset` on, as a new attempt, at most `grant` bytes: the server has not taken what it
 * was sent. What is still on its way of an earlier attempt does not count any more.
 */
export interface Resume {
  kind: "resume";
  id: string;
  attempt: number;
  offset: number;
  /** Of the bytes that are stored. */
  checksum: number;
  grant: number;
}

/**
 * A message was refused, and the upload has failed with it. `key` names an upload that was never
 * created, `id` any other.
 */
export interface ErrorMessage {
  kind: "error";
  code: string;
  message: string;
  key?: string;
  id?: string;
}

/** The app has the page pause the upload, or with null all that are under way; or they go on. */
export interface PauseMessage {
  kind: "pause";
  id: string | null;
  paused: boolean;
}

export type RecordAction = "start" | "pause" | "stop";

export type ServerMessage =
  | Welcome
  | Created
  | Ack
  | Resume
  /** The file is stored, or the app wants no more of it than the `offset` bytes that have come. */
  | { kind: "complete"; id: string; offset: number }
  /** Nothing of the upload is stored any more. */
  | { kind: "removed"; id: string }
  /** The app has cleared the widget: nothing is stored, and nothing that was picked is wanted. */
  | { kind: "cleared" }
  /** What to connect with when the connection is lost; what the page has expires earlier. */
  | { kind: "token"; token: string }
  | PauseMessage
  /** Answers `language`; null if the server has none in it. */
  | { kind: "texts"; language: string; texts: TextSet | null }
  /** The recorder of the page is to do this; `start` goes on after a pause. */
  | { kind: "record"; action: RecordAction }
  | ErrorMessage;

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === "string";
const isSize: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** Nothing else may be given to a socket as its protocol, see RFC 6455, section 11.3.4. */
const isToken: Check = (value) => isString(value) && /^[\w-]+(\.[\w-]+)?$/.test(value as string);
const isTexts: Check = (value) =>
  value === null || (typeof value === "object" && !Array.isArray(value));
const isTransport: Check = (value) =>
  value === "socket" || value === "comm" || value === "ipywidget";
const isAction: Check = (value) => value === "start" || value === "pause" || value === "stop";
const orMissing =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const FIELDS: Record<ServerMessage["kind"], Record<string, Check>> = {
  welcome: {
    version: isSize,
    transport: isTransport,
    max_chunk_size: isSize,
    max_in_flight: isSize,
    token: (value) => value === null || isString(value),
  },
  created: {
    key: isString,
    id: isString,
    secret: isString,
    attempt: isSize,
    offset: isSize,
    checksum: isSize,
    grant: isSize,
  },
  ack: { id: isString, offset: isSize, grant: isSize, delay: isSize },
  resume: { id: isString, attempt: isSize, offset: isSize, checksum: isSize, grant: isSize },
  complete: { id: isString, offset: isSize },
  removed: { id: isString },
  cleared: {},
  token: { token: isToken },
  texts: { language: isString, texts: isTexts },
  pause: {
    id: (value) => value === null || isString(value),
    paused: (value) => typeof value === "boolean",
  },
  record: { action: isAction },
  error: {
    code: isString,
    message: isString,
    key: orMissing(isString),
    id: orMissing(isString),
  },
};

/** Give the message, or null if it is none of this version. */
export function parse(data: unknown): ServerMessage | null {
  const message = data instanceof Map ? Object.fromEntries(data) : data;
  if (typeof message !== "object" || message === null || !("kind" in message)) return null;
  if (typeof message.kind !== "string" || !Object.hasOwn(FIELDS, message.kind)) return null;
  const kind = message.kind as ServerMessage["kind"];
  const fields = message as Record<string, unknown>;
  const valid = Object.entries(FIELDS[kind]).every(([name, check]) => check(fields[name]));
  return valid ? (message as ServerMessage) : null;
}
