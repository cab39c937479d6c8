/** One upload in the page: its state, and the sending of its bytes. */

import { type Signal, signal } from "@preact/signals";
import type { Channel } from "./channel";
import type { Refusal } from "./limits";
import type { FileFacts } from "./protocol";
import { Rate } from "./rate";
import { type ChunkReader, openReader } from "./reader";
import type { Window } from "./window";

/** What went wrong: said by the server, or found in the page. */
export type Failure = Refusal | { code: "unreadable" } | { code: string; message: string };

export type UploadState =
  /** The server does not know of it yet. */
  | { kind: "queued" }
  /** The server knows it as `id`; it waits for its turn. */
  | { kind: "created"; id: string }
  | { kind: "running"; id: string }
  /** All bytes are sent; the server has not said that the file is whole. */
  | { kind: "finishing"; id: string }
  | { kind: "complete"; id: string }
  | { kind: "refused"; failure: Failure }
  | { kind: "failed"; failure: Failure }
  | { kind: "cancelled" };

/** Where an upload sends to. */
export interface Link {
  channel: Channel;
  window: Window;
  chunkSize: number;
  /** Whether a buffer may be filled again once it was sent. */
  reuseBuffers: boolean;
}

/** Characters of a MIME type that the server takes (RFC 4288 allows 255 with the slash). */
const MAX_MIME_TYPE = 255;

export class Upload {
  readonly state: Signal<UploadState> = signal({ kind: "queued" });
  /** Bytes stored on the server. */
  readonly stored = signal(0);
  /** Bytes per second. */
  readonly rate = signal<number | null>(null);

  /** Called when it has ended, however it did. */
  onEnd: () => void = () => undefined;

  private meter = new Rate(0, 0);
  private inFlight = 0;
  /** How far the server lets it send. */
  private granted = 0;
  private wake: () => void = () => undefined;
  private link: Link | null = null;
  /** Counts the attempts to send; a loop that belongs to an earlier one stops. */
  private attempt = 0;

  constructor(
    readonly key: string,
    readonly file: File,
    readonly relativePath: string,
  ) {}

  get facts(): FileFacts {
    const { name, size, type } = this.file;
    const mime_type = type.length > MAX_MIME_TYPE ? "" : type;
    return { key: this.key, name, relative_path: this.relativePath, size, mime_type };
  }

  get id(): string | null {
    return "id" in this.state.value ? this.state.value.id : null;
  }

  /** Whether it is queued or under way. */
  get active(): boolean {
    return ["queued", "created", "running", "finishing"].includes(this.state.value.kind);
  }

  created(id: string, offset: number, grant: number): void {
    this.state.value = { kind: "created", id };
    this.stored.value = offset;
    this.granted = offset + grant;
  }

  /** Send from what is stored on, to the end of the file. */
  start(link: Link): void {
    const { id } = this;
    if (id === null || !this.active) return;
    this.halt();
    this.link = link;
    this.meter = new Rate(this.stored.value, performance.now());
    this.state.value = { kind: "running", id };
    void this.send(link, id, this.attempt);
  }

  acked(offset: number, grant: number): void {
    this.granted = Math.max(this.granted, offset + grant);
    this.wake();
    const delivered = Math.min(Math.max(0, offset - this.stored.value), this.inFlight);
    this.inFlight -= delivered;
    this.link?.window.release(delivered);
    this.stored.value = offset;
    this.meter.update(offset, performance.now());
    this.rate.value = this.meter.bytesPerSecond;
  }

  /** Go on from where the server says that it is. */
  rewind(offset: number): void {
    if (this.link === null || !this.active) return;
    this.stored.value = offset;
    this.start(this.link);
  }

  complete(id: string): void {
    this.stored.value = this.file.size;
    this.end({ kind: "complete", id });
  }

  end(state: UploadState): void {
    const { active } = this;
    this.halt();
    this.link = null;
    this.state.value = state;
    if (active) this.onEnd();
  }

  /** Stop sending, and give back what the window holds for what was sent. */
  private halt(): void {
    this.attempt += 1;
    this.link?.window.release(this.inFlight);
    this.inFlight = 0;
    this.wake();
  }

  private nextAck(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private async send(link: Link, id: string, attempt: number): Promise<void> {
    const reader = openReader(this.file, this.stored.value, link.reuseBuffers);
    try {
      if (await this.sendChunks(link, id, attempt, reader)) {
        this.state.value = { kind: "finishing", id };
        link.channel.send({ kind: "finish", id });
      }
    } catch {
      if (attempt !== this.attempt) return;
      link.channel.send({ kind: "abort", id, reason: "unreadable" });
      this.end({ kind: "failed", failure: { code: "unreadable" } });
    } finally {
      reader.close();
    }
  }

  /** Tell whether all was sent; not if another attempt has taken over, or the upload is over. */
  private async sendChunks(
    link: Link,
    id: string,
    attempt: number,
    reader: ChunkReader,
  ): Promise<boolean> {
    let offset = this.stored.value;
    while (offset < this.file.size) {
      const size = Math.min(link.chunkSize, this.file.size - offset);
      while (offset + size > this.granted && attempt === this.attempt) await this.nextAck();
      await link.window.acquire(size);
      if (attempt !== this.attempt) {
        link.window.release(size);
        return false;
      }
      this.inFlight += size; // from here on, `halt` gives it back
      const data = await reader.read(size);
      if (attempt !== this.attempt) return false;
      if (data.byteLength !== size) throw new Error("The file has become shorter.");
      link.channel.send({ kind: "chunk", id, offset, data });
      offset += size;
    }
    // The stream does not notice every change; a new read of a file that has changed fails.
    await this.file.slice(0, 1).arrayBuffer();
    return attempt === this.attempt;
  }
}
