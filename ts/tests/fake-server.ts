/** A server that stores what it is sent, and a page around it that loses what it is told to lose. */

import { PanelChannel, type PanelModel } from "../src/channel";
import { checksum as checksumOf } from "../src/checksum";
import type { Chunk, ClientMessage, FileFacts, Finish, ServerMessage } from "../src/protocol";
import type { Reconnection } from "../src/reconnect";

type Outgoing = ServerMessage | Record<string, unknown>;

interface Stored {
  readonly id: string;
  readonly facts: FileFacts;
  readonly chunks: Uint8Array[];
  offset: number;
  checksum: number;
  state: "running" | "complete" | "freed";
  attempt: number;
}

const SETTINGS = {
  label: "Files",
  language: null,
  texts: {},
  description: null,
  layout: "compact",
  disabled: false,
  multiple: true,
  directory: false,
  accept: [],
  source: "microphone",
  media_type: null,
  audio_bits_per_second: null,
  video_bits_per_second: null,
  max_waiting: 64_000_000,
  when_full: "pause",
  max_file_size: null,
  max_total_size: null,
  max_files: null,
} as const;

export type ModelSettings = Partial<Omit<PanelModel, "esm_constants" | "send_msg" | "on">>;

export class FakeServer {
  /** Everything that the page has sent, lost or not. */
  readonly received: ClientMessage[] = [];
  readonly uploads: Stored[] = [];
  /** Answer at once; else only when the test says so. */
  auto = true;
  transport: "socket" | "comm" | "ipywidget" = "socket";
  view: "files" | "recorder" = "files";
  /** Whether the page is told of a notebook's kernel. */
  kernel = false;
  /** Whether the page has no way to the kernel. */
  outOfReach = false;
  /** Whether the way to it throws, as that of an ipywidget whose kernel is gone. */
  broken = false;
  /** Whether the page waits for the rest of a message that is lost, and understands nothing. */
  torn = false;
  maxChunkSize = 10;
  maxInFlight = 40;
  grant = 1000;
  /** Whether another session could go on with an upload. */
  canResume = true;
  /** Why a file is refused, if it is. */
  refuse: (facts: FileFacts) => string | null = () => null;

  /** The way to the view that was connected last. */
  deliver: (message: Outgoing) => void = () => undefined;

  /** What the page does about a lost connection. */
  reconnection: Reconnection | undefined;

  /** Batches of which more is to come. */
  readonly openBatches = new Set<string>();

  private readonly inbox: ClientMessage[] = [];
  private change: (settings: ModelSettings) => void = () => undefined;

  /** Render a view; what was on its way through the one before is lost if the socket was. */
  connect(settings: ModelSettings = {}, socketLost = false): PanelChannel {
    if (socketLost) this.inbox.length = 0;
    const handlers: { events: string[]; callback: (data: unknown) => void }[] = [];
    const model: PanelModel = {
      ...SETTINGS,
      accept: [],
      ...settings,
      esm_constants: {
        widget: "w1",
        notebook: this.transport !== "socket",
        place: null,
        view: this.view,
      },
      send_msg: (data) => this.take(data as ClientMessage),
      on: (events, callback) => handlers.push({ events: [events].flat(), callback }),
    };
    const fire = (event: string, data: unknown) => {
      for (const { events, callback } of handlers) if (events.includes(event)) callback(data);
    };
    this.deliver = (message) => fire("msg:custom", message);
    this.change = (changes) => {
      Object.assign(model, changes);
      for (const name of Object.keys(changes)) fire(name, undefined);
    };
    const kernel = {
      exists: () => this.kernel,
      comms: () => undefined,
      isOutOfReach: () => this.outOfReach,
      forgetHalfMessages: () => {
        this.torn = false;
      },
    };
    return new PanelChannel(model, kernel, this.reconnection);
  }

  set(settings: ModelSettings): void {
    this.change(settings);
  }

  send(message: Outgoing): void {
    if (!this.torn) this.deliver(message);
  }

  sent<K extends ClientMessage["kind"]>(kind: K): Extract<ClientMessage, { kind: K }>[] {
    return this.received.filter((message) => message.kind === kind) as never;
  }

  /** Bytes that the page has sent and has no answer to. */
  get inFlight(): number {
    const size = (message: ClientMessage) =>
      message.kind === "chunk" ? message.data.byteLength : 0;
    return this.inbox.reduce((sum, message) => sum + size(message), 0);
  }

  get waiting(): number {
    return this.inbox.length;
  }

  upload(name: string): Stored {
    const stored = this.uploads.find(({ facts }) => facts.name === name);
    if (stored === undefined) throw new Error(`The server does not know ${name}.`);
    return stored;
  }

  bytes(name: string): Uint8Array {
    return Uint8Array.from(this.upload(name).chunks.flatMap((chunk) => [...chunk]));
  }

  /** Answer the oldest message. */
  answer(): void {
    const message = this.inbox.shift();
    if (message !== undefined) this.process(message);
  }

  answerAll(): void {
    while (this.inbox.length > 0) this.answer();
  }

  /** Lose all that is on its way, as with Jupyter's socket. */
  loseAll(): void {
    this.inbox.length = 0;
  }

  /** Lose a chunk, if there is one at this place behind the oldest message. */
  loseChunk(place: number): void {
    if (this.inbox[place]?.kind === "chunk") this.inbox.splice(place, 1);
  }

  private take(message: ClientMessage): void {
    if (this.broken) throw new Error("Cannot send");
    // A socket copies what it is given; the page may fill the buffer again.
    const copy = message.kind === "chunk" ? { ...message, data: message.data.slice(0) } : message;
    this.received.push(copy);
    this.inbox.push(copy);
    if (this.auto) queueMicrotask(() => this.answer());
  }

  private process(message: ClientMessage): void {
    switch (message.kind) {
      case "hello":
        this.welcome();
        for (const { id } of message.uploads) this.goOn(id);
        break;
      case "create":
        if (message.more) this.openBatches.add(message.batch);
        else this.openBatches.delete(message.batch);
        for (const facts of message.files) this.create(facts);
        break;
      case "chunk":
        this.chunk(message);
        break;
      case "finish":
        this.finish(message);
        break;
      case "paused":
      case "recording":
      case "language":
        break;
      default:
        this.end(message.id);
    }
  }

  private welcome(): void {
    this.send({
      kind: "welcome",
      version: 1,
      transport: this.transport,
      max_chunk_size: this.maxChunkSize,
      max_in_flight: this.maxInFlight,
      token: null,
    });
  }

  private create(facts: FileFacts): void {
    const { key } = facts;
    const code = this.refuse(facts);
    if (code !== null) {
      this.send({ kind: "error", code, message: "Refused.", key });
      return;
    }
    let stored = this.uploads.find((upload) => upload.facts.key === key);
    if (stored === undefined) {
      const id = `u${this.uploads.length}`;
      stored = { id, facts, chunks: [], offset: 0, checksum: 0, state: "running", attempt: 0 };
      this.uploads.push(stored);
    }
    const { id, attempt, offset, checksum } = stored;
    this.send({
      kind: "created",
      key,
      id,
      secret: this.canResume ? `secret of ${id}` : "",
      attempt,
      offset,
      checksum,
      grant: this.grant,
    });
  }

  private chunk({ id, attempt, offset, checksum, data }: Chunk): void {
    const upload = this.running(id);
    if (upload === null || attempt !== upload.attempt) return;
    const known = checksumOf(new Uint8Array(data), upload.checksum);
    if (offset === upload.offset && checksum === known) this.store(upload, data, checksum);
    else this.resume(upload);
  }

  private store(upload: Stored, data: ArrayBuffer, checksum: number): void {
    upload.checksum = checksum;
    upload.chunks.push(new Uint8Array(data));
    upload.offset += data.byteLength;
    this.send({ kind: "ack", id: upload.id, offset: upload.offset, grant: this.grant, delay: 0 });
  }

  private finish({ id, attempt, size, checksum }: Finish): void {
    const upload = this.find(id)?.state === "complete" ? this.find(id) : this.running(id);
    if (upload === null || upload === undefined || attempt !== upload.attempt) return;
    if (upload.offset !== (upload.facts.size ?? size) || upload.checksum !== checksum) {
      this.resume(upload);
      return;
    }
    upload.state = "complete";
    this.send({ kind: "complete", id, offset: upload.offset });
  }

  private end(id: string): void {
    const upload = this.find(id) ?? this.uploads.find(({ facts }) => facts.key === id);
    if (upload !== undefined) upload.state = "freed";
    this.send({ kind: "removed", id });
  }

  private goOn(id: string): void {
    const upload = this.find(id);
    if (upload?.state === "complete") this.send({ kind: "complete", id, offset: upload.offset });
    else if (this.running(id) !== null && upload !== undefined) this.resume(upload);
  }

  private resume(upload: Stored): void {
    upload.attempt += 1;
    const { id, attempt, offset, checksum } = upload;
    this.send({ kind: "resume", id, attempt, offset, checksum, grant: this.grant });
  }

  private running(id: string): Stored | null {
    const upload = this.find(id);
    if (upload?.state === "running") return upload;
    this.send({ kind: "error", code: "unknown_upload", message: "Unknown.", id });
    return null;
  }

  private find(id: string): Stored | undefined {
    return this.uploads.find((upload) => upload.id === id);
  }
}
