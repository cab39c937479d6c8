/** The one place that knows Panel: messages and params of one rendered model. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { Comm } from "./comm";
import { Frames, HEAD_SIZE, socketOf } from "./frames";
import { type Kernel, NO_KERNEL } from "./kernel";
import { learn, type TextSet } from "./languages";
import type { Limits } from "./limits";
import { type ClientMessage, parse, type ServerMessage, type Welcome } from "./protocol";
import type { Reconnection } from "./reconnect";

/** What an upload needs to reach the server. */
export interface Channel {
  /** The data of a chunk begins with `head` bytes that are not the file's. */
  send(message: ClientMessage): void;
  readonly head: number;
}

/** The params of a recorder. */
export interface RecorderSettings {
  source: "microphone" | "camera" | "screen";
  mediaType: string | null;
  audioBitsPerSecond: number | null;
  videoBitsPerSecond: number | null;
  maxWaiting: number;
  whenFull: "pause" | "stop";
}

export type Layout = "compact" | "dropzone" | "button";

/** The params of the widget that the page shows or obeys. */
export interface Settings extends Limits {
  label: string;
  description: string | null;
  layout: Layout;
  disabled: boolean;
  multiple: boolean;
  directory: boolean;
  /** Where files may be dropped and pasted. */
  dropArea: "widget" | "page";
  /** Which camera a phone opens at once, or the microphone. */
  capture: "user" | "environment" | null;
  /** Null: that of the page; "browser": that of the browser; or a tag as in HTML. */
  language: string | null;
  /** What the app says in other words. */
  texts: TextSet;
  /** Whether the files that the page has are shown in their rows. */
  previews: boolean;
  /** Whether the page's title says how far the uploads are. */
  titleProgress: boolean;
  /** Null if files are chosen. */
  recorder: RecorderSettings | null;
}

interface EsmConstants {
  widget: string;
  notebook: boolean;
  place: string | null;
  view: "files" | "recorder";
}

/** Panel's proxy of an ESM model, as far as it is used here. */
export interface PanelModel {
  esm_constants: EsmConstants;
  send_msg(data: unknown): void;
  on(event: string | string[], callback: (data: unknown) => void): void;
  label: string | null;
  description: string | null;
  disabled: boolean;
  multiple: boolean;
  max_file_size: number | null;
  max_total_size: number | null;
  max_files: number | null;
  language: string | null;
  texts: unknown;
  // Those of a file input.
  layout?: Layout;
  drop_area?: Settings["dropArea"];
  capture?: Settings["capture"];
  previews?: boolean;
  directory?: boolean;
  title_progress?: boolean;
  accept?: string[] | null;
  // Those of a recorder.
  source?: RecorderSettings["source"];
  media_type?: string | null;
  audio_bits_per_second?: number | null;
  video_bits_per_second?: number | null;
  max_waiting?: number;
  when_full?: RecorderSettings["whenFull"];
}

const PARAMS = [
  "label",
  "description",
  "disabled",
  "multiple",
  "max_file_size",
  "max_total_size",
  "max_files",
  "language",
  "texts",
];

const FURTHER_PARAMS = {
  files: ["layout", "directory", "accept", "drop_area", "capture", "previews", "title_progress"],
  recorder: [
    "source",
    "media_type",
    "audio_bits_per_second",
    "video_bits_per_second",
    "max_waiting",
    "when_full",
  ],
};

export class PanelChannel implements Channel {
  readonly settings: ReadonlySignal<Settings>;
  private receive: (message: ServerMessage) => void = () => undefined;
  /** What it sends by; null in a notebook, unless Panel shows with jupyter_bokeh. */
  socket: WebSocket | null = null;
  /** A way beside Bokeh's or Panel's own messages, once the server has named it. */
  private road: ((Frames | Comm) & { isUnanswered?: boolean }) | null = null;
  private isOpen = false;
  /** How often in a row the kernel has answered, and not by the comm of our own. */
  private stuck = 0;

  constructor(
    private readonly model: PanelModel,
    readonly kernel: Kernel = NO_KERNEL,
    readonly reconnection?: Reconnection,
  ) {
    const settings: Signal<Settings> = signal(readSettings(model));
    model.on([...PARAMS, ...FURTHER_PARAMS[model.esm_constants.view]], () => {
      settings.value = readSettings(model);
    });
    this.settings = settings;
  }

  /** The same for every view of the same widget, and never again for another widget. */
  get widget(): string {
    return this.model.esm_constants.widget;
  }

  /** The same for the widget that a new session has where this one was; null in a notebook. */
  get place(): string | null {
    return this.model.esm_constants.place;
  }

  get view(): EsmConstants["view"] {
    return this.model.esm_constants.view;
  }

  /** Whether what is sent goes to a notebook's kernel. */
  get isNotebook(): boolean {
    return this.model.esm_constants.notebook;
  }

  get head(): number {
    return this.road instanceof Frames ? HEAD_SIZE : 0;
  }

  /** What cannot be sent is lost, as it may be on its way: it is asked for, or said, again. */
  send(message: ClientMessage): void {
    try {
      // Who says hello finds out which ways there are.
      if (this.road !== null && message.kind !== "hello") this.road.send(message);
      else this.socket = socketOf(() => this.model.send_msg(message)) ?? this.socket;
    } catch (error) {
      console.warn("panel_chunked: a message could not be sent:", error);
    }
  }

  listen(receive: (message: ServerMessage) => void): void {
    this.receive = receive;
    this.model.on("msg:custom", (data) => this.take(data));
  }

  /** Bytes that the browser has not sent yet. */
  get unsent(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  /** Nothing comes by the socket; `leave` it if the server can be reached otherwise. */
  doubt(leave: boolean): void {
    if (this.socket !== null) void this.reconnection?.doubt(this.socket, leave);
  }

  /** This view's road is taken, from now on. */
  open(): void {
    this.isOpen = true;
  }

  /** Another view's road is taken. Panel goes on telling this one what the model is told. */
  close(): void {
    this.isOpen = false;
    this.road?.close();
    this.road = null;
  }

  private take(data: unknown): void {
    if (!this.isOpen) return;
    const message = parse(data);
    if (message === null) {
      console.warn("panel_chunked: not a message of this version:", data);
      return;
    }
    if (message.kind === "welcome") {
      this.stuck = this.road?.isUnanswered ? this.stuck + 1 : 0;
      this.road = this.openRoad(message);
    }
    if (message.kind === "token") this.reconnection?.renew(message.token);
    else if (message.kind === "texts") learn(message.language, plain(message.texts) as TextSet);
    else this.receive(message);
  }

  /** Leave Bokeh's messages for frames on the socket that `hello` went by, or a comm of our own. */
  private openRoad({ token, transport }: Welcome): Frames | Comm | null {
    const { socket, kernel } = this;
    if (token === null) return null;
    const take = (data: unknown) => this.take(data);
    // What a busy kernel has got may be answered in another order, and views come by the dozen.
    if (transport === "comm") return this.stuck < 3 ? Comm.open(kernel.comms(), token, take) : null;
    return socket && new Frames(socket, token, take);
  }
}

function readSettings(model: PanelModel): Settings {
  return {
    label: model.label ?? "",
    description: model.description,
    layout: model.layout ?? "compact",
    disabled: model.disabled,
    multiple: model.multiple || (model.directory ?? false),
    directory: model.directory ?? false,
    accept: model.accept ?? [],
    dropArea: model.drop_area ?? "widget",
    capture: model.capture ?? null,
    previews: model.previews ?? true,
    titleProgress: model.title_progress ?? false,
    maxFileSize: model.max_file_size,
    maxTotalSize: model.max_total_size,
    maxFiles: model.max_files,
    language: model.language,
    texts: plain(model.texts) as TextSet,
    recorder: model.esm_constants.view === "recorder" ? readRecorderSettings(model) : null,
  };
}

function readRecorderSettings(model: PanelModel): RecorderSettings {
  return {
    source: model.source ?? "microphone",
    mediaType: model.media_type ?? null,
    audioBitsPerSecond: model.audio_bits_per_second ?? null,
    videoBitsPerSecond: model.video_bits_per_second ?? null,
    maxWaiting: model.max_waiting ?? 0,
    whenFull: model.when_full ?? "pause",
  };
}

/** Bokeh gives Python's dicts as maps. */
function plain(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([key, part]) => [key, plain(part)]));
}
