/** All uploads of one widget in this page: what waits, what runs, what the server answers. */

import { type Signal, signal } from "@preact/signals";
import type { PanelChannel } from "./channel";
import { check } from "./limits";
import {
  type Created,
  type ErrorMessage,
  type ServerMessage,
  VERSION,
  type Welcome,
} from "./protocol";
import { type Link, Upload, type UploadState } from "./upload";
import { Window } from "./window";

/** Uploads that send at the same time; more would only share the same window. */
const PARALLEL = 3;

/** Uploads that the server is told of and that have not ended; the rest waits in the page. */
const MAX_ANNOUNCED = 500;

/** Files in one `create` message, which stays under 64 KiB with names of usual length. */
const FILES_IN_MESSAGE = 100;

/** A file as the user has picked it. */
export interface PickedFile {
  file: File;
  /** Path inside the folder that was picked, `/` between the parts; else the name. */
  relativePath: string;
}

/** Files picked together, and how many of them the server has been told of. */
interface Batch {
  readonly key: string;
  readonly uploads: Upload[];
  announced: number;
}

export class UploadQueue {
  /** Everything that has a row, oldest first. */
  readonly uploads: Signal<Upload[]> = signal([]);
  /** Called with the complete files of a batch, once all of it has ended. */
  onBatch: (files: File[]) => void = () => undefined;

  private channel: PanelChannel | null = null;
  private link: Link | null = null;
  private readonly window = new Window(0);
  private batches: Batch[] = [];

  /** Take the road through a view that was just rendered; earlier ones are no longer used. */
  attach(channel: PanelChannel): void {
    this.channel = channel;
    this.link = null;
    channel.listen((message) => {
      if (channel === this.channel) this.receive(message);
    });
    channel.send({ kind: "hello", version: VERSION });
  }

  add(picked: PickedFile[]): void {
    const settings = this.channel?.settings.value;
    if (settings === undefined || settings.disabled || picked.length === 0) return;
    if (!settings.multiple) for (const upload of this.active()) this.cancel(upload);
    this.dismissEnded();
    const batch: Batch = { key: uniqueKey(), uploads: [], announced: 0 };
    for (const { file, relativePath } of picked) {
      const upload = new Upload(uniqueKey(), file, relativePath);
      const tooMany = !settings.multiple && batch.uploads.length > 0;
      const refusal = tooMany
        ? ({ code: "too_many_files", limit: 1 } as const)
        : check(settings, file, this.held(settings.multiple));
      if (refusal === null) batch.uploads.push(upload);
      else upload.end({ kind: "refused", failure: refusal });
      this.uploads.value = [...this.uploads.value, upload];
    }
    if (batch.uploads.length > 0) this.batches.push(batch);
    this.pump();
  }

  cancel(upload: Upload): void {
    if (!upload.active) return;
    const { id } = upload;
    if (id !== null) this.channel?.send({ kind: "abort", id });
    this.end(upload, { kind: "cancelled" });
  }

  /** Delete a complete file; the row goes when the server says that it is gone. */
  remove(upload: Upload): void {
    const { id } = upload;
    if (id !== null) this.channel?.send({ kind: "remove", id });
  }

  /** Take a row away that is only a notice. */
  dismiss(upload: Upload): void {
    this.uploads.value = this.uploads.value.filter((other) => other !== upload);
  }

  private receive(message: ServerMessage): void {
    switch (message.kind) {
      case "welcome":
        this.welcome(message);
        break;
      case "created":
        this.created(message);
        break;
      case "ack":
        this.byId(message.id)?.acked(message.offset);
        return;
      case "complete":
        this.complete(message.id);
        break;
      case "removed":
        this.removed(message.id);
        break;
      case "error":
        this.failed(message);
        break;
    }
    this.pump();
  }

  /** Start, or start again behind a new view: what the old one had on its way may be lost. */
  private welcome(message: Welcome): void {
    const { channel, window } = this;
    if (channel === null) return;
    window.resize(message.max_in_flight);
    const reuseBuffers = message.transport === "socket";
    this.link = { channel, window, chunkSize: message.max_chunk_size, reuseBuffers };
    for (const batch of this.batches) batch.announced = 0;
    for (const upload of this.sending()) upload.start(this.link);
  }

  private created(message: Created): void {
    const upload = this.uploads.value.find(({ key }) => key === message.key);
    if (upload?.state.value.kind === "queued") upload.created(message.id, message.offset);
    else if (!upload?.active) this.channel?.send({ kind: "abort", id: message.id });
  }

  private complete(id: string): void {
    const upload = this.byId(id);
    if (!upload?.active) return;
    upload.complete(id);
    this.settleBatches();
  }

  private removed(id: string): void {
    const upload = this.byId(id);
    if (upload === undefined) return; // its row says already that it was cancelled
    if (upload.active) this.end(upload, { kind: "cancelled" });
    this.dismiss(upload);
  }

  private failed(message: ErrorMessage): void {
    const { key, id, code, offset } = message;
    const failure = { code, message: message.message };
    const upload = this.uploads.value.find((it) => it.active && (it.key === key || it.id === id));
    if (upload === undefined) {
      if (key === undefined && id === undefined) console.warn("panel_chunked:", message.message);
    } else if (code === "wrong_offset" && offset !== undefined) upload.rewind(offset);
    else this.end(upload, { kind: key === undefined ? "failed" : "refused", failure });
  }

  /** Tell the server of what was picked, and let as many send as may. */
  private pump(): void {
    const { link } = this;
    if (link === null) return;
    this.announce(link);
    for (const upload of this.uploads.value) {
      if (this.sending().length >= PARALLEL) return;
      if (upload.state.value.kind === "created") upload.start(link);
    }
  }

  private announce(link: Link): void {
    let room = MAX_ANNOUNCED - this.active().filter(({ id }) => id !== null).length;
    for (const batch of this.batches) {
      while (batch.announced < batch.uploads.length && room > 0) {
        const group = batch.uploads.slice(batch.announced, batch.announced + FILES_IN_MESSAGE);
        const files = group.filter(({ state }) => state.value.kind === "queued");
        batch.announced += group.length;
        room -= files.length;
        const more = batch.announced < batch.uploads.length;
        link.channel.send({
          kind: "create",
          batch: batch.key,
          files: files.map(({ facts }) => facts),
          more,
        });
      }
    }
  }

  private end(upload: Upload, state: UploadState): void {
    upload.end(state);
    this.settleBatches();
    this.pump();
  }

  private settleBatches(): void {
    const settled = (batch: Batch) => !batch.uploads.some(({ active }) => active);
    const done = this.batches.filter(settled);
    this.batches = this.batches.filter((batch) => !settled(batch));
    for (const batch of done) {
      const complete = batch.uploads.filter(({ state }) => state.value.kind === "complete");
      if (complete.length > 0) this.onBatch(complete.map(({ file }) => file));
    }
  }

  private active(): Upload[] {
    return this.uploads.value.filter(({ active }) => active);
  }

  private sending(): Upload[] {
    const sending = ["running", "finishing"];
    return this.uploads.value.filter(({ state }) => sending.includes(state.value.kind));
  }

  private byId(id: string): Upload | undefined {
    return this.uploads.value.find((upload) => upload.id === id);
  }

  /** What counts against the limits besides a new file; a single file takes the old one's place. */
  private held(multiple: boolean): { files: number; size: number } {
    const kinds = multiple ? ["complete", "queued", "created", "running", "finishing"] : [];
    const held = this.uploads.value.filter(({ state }) => kinds.includes(state.value.kind));
    return { files: held.length, size: held.reduce((sum, { file }) => sum + file.size, 0) };
  }

  private dismissEnded(): void {
    const notices = ["refused", "failed", "cancelled"];
    this.uploads.value = this.uploads.value.filter(
      ({ state }) => !notices.includes(state.value.kind),
    );
  }
}

export function uniqueKey(): string {
  // crypto.randomUUID is missing on plain http, where many apps run in a local network.
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
}
