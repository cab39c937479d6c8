/** One upload in the page: its state, and the sending of its bytes. */

import { type Signal, signal } from "@preact/signals";
import { checksum as checksumOf } from "./checksum";
import type { Failure } from "./errors";
import type { Link } from "./link";
import { MIN_CHUNK_SIZE, TARGET_DELAY } from "./pacer";
import type { FileFacts, Identity, Resume } from "./protocol";
import { Rate } from "./rate";
import type { ChunkReader } from "./reader";
import type { Source } from "./source";

export type UploadState =
  /** The server does not know of it yet. */
  | { kind: "queued" }
  /** The server knows it as `id`; it waits for its turn. */
  | { kind: "created"; id: string }
  /** What is stored is compared with the file, before it goes on from there. */
  | { kind: "checking"; id: string }
  | { kind: "running"; id: string }
  /** All bytes are sent; the server has not said that the file is whole. */
  | { kind: "finishing"; id: string }
  /** The app may have wanted no more of it than `enough` bytes. */
  | { kind: "complete"; id: string; enough?: number }
  | { kind: "refused"; failure: Failure }
  | { kind: "failed"; failure: Failure }
  | { kind: "cancelled" };

/** Where the server says that an upload goes on, and how far. */
type StartingPoint = Pick<Resume, "attempt" | "offset" | "checksum" | "grant">;

/** The checksum of the file up to `end`. */
interface Known {
  end: number;
  checksum: number;
}

/** A chunk that was sent and not acknowledged. Time in milliseconds. */
interface SentChunk extends Known {
  size: number;
  time: number;
  /** Bytes of all uploads on their way then, its own among them. */
  inFlight: number;
}

/** Milliseconds between what is shown: acks come by the hundred in a second. */
export const SHOW_INTERVAL = 100;

/** Milliseconds of waiting for the server after which it is said to be what holds up. */
export const HELD_AFTER = 2000;

/** Characters of a MIME type that the server takes (RFC 4288 allows 255 with the slash). */
const MAX_MIME_TYPE = 255;

export class Upload {
  readonly state: Signal<UploadState> = signal({ kind: "queued" });
  /** Bytes stored on the server; these three are brought up to date a few times a second. */
  readonly stored = signal(0);
  /** Bytes per second. */
  readonly rate = signal<number | null>(null);
  /** Seconds until all is stored. */
  readonly timeLeft = signal<number | null>(null);

  /** What shows another session that the upload is this page's; empty before it is created. */
  secret = "";
  /** Key of the files that were picked together. */
  batch = "";

  /** Called when it has ended, however it did. */
  onEnd: () => void = () => undefined;

  /** What a page before has begun of this file, if it is remembered. */
  earlier: Identity | null = null;
  /** Bytes that were stored before this page sent any. */
  readonly resumedAt = signal(0);
  /** Whether it goes no faster than the server takes it, and not for a moment only. */
  readonly isHeld = signal(false);
  /** Whether it sends nothing until it is told to go on. */
  readonly isPaused = signal(false);
  /** Whether it was paused when it ended. */
  wasPaused = false;
  /** Whether the server was told of it. */
  isTold = false;

  /** Bytes stored on the server at this moment. */
  private offset = 0;
  /** Of these bytes. */
  private storedChecksum = 0;
  private fileChecksum = 0;
  /** What is known of the file up to there, or before. */
  private known: Known = { end: 0, checksum: 0 };
  private checking = new AbortController();
  private shownAt = 0;
  private meter = new Rate(0, 0);
  /** What it holds of the window: sent, or about to be. */
  private inFlight = 0;
  private sent: SentChunk[] = [];
  /** How far the server lets it send. */
  private granted = 0;
  private wake: () => void = () => undefined;
  /** Since when every look has found that it waits for the server. */
  private heldSince: number | null = null;
  /** Whether the server has to take more before more is sent. */
  private waitsForGrant = false;
  /** Whether what was stored last has waited on the server for most of its time. */
  private hasWaited = false;
  private link: Link | null = null;
  /** The attempt that the server has asked for last. */
  private attempt = 0;
  /** Counts the runs of the loop that sends; an earlier one stops. */
  private run = 0;
  /** Whether that loop waits to be started again. */
  private holds = false;

  constructor(
    readonly key: string,
    readonly source: Source,
    readonly relativePath: string,
  ) {}

  get facts(): FileFacts {
    const { name, size, type } = this.source;
    const mime_type = type.length > MAX_MIME_TYPE ? "" : type;
    const facts = { key: this.key, name, relative_path: this.relativePath, size, mime_type };
    return this.earlier === null ? facts : { ...facts, resume: this.earlier };
  }

  /** Bytes, or those of a recording that are stored as long as it grows. */
  get size(): number {
    return this.source.size ?? this.stored.value;
  }

  get id(): string | null {
    return "id" in this.state.value ? this.state.value.id : null;
  }

  /** Whether it is queued or under way. */
  get active(): boolean {
    return ["queued", "created", "checking", "running", "finishing"].includes(
      this.state.value.kind,
    );
  }

  /** Whether it is under way or complete. */
  get counts(): boolean {
    return this.active || this.state.value.kind === "complete";
  }

  /** When the first chunk was sent that is not among the `offset` bytes that have come, if any. */
  lostSince(offset: number): number | null {
    return this.sent.find(({ end }) => end > offset)?.time ?? null;
  }

  /** Bytes of the largest chunk on its way. */
  get largestSent(): number {
    return Math.max(0, ...this.sent.map(({ size }) => size));
  }

  /** Checksum of the file, once all of it was sent. */
  get checksum(): number {
    return this.fileChecksum;
  }

  created(id: string, start: StartingPoint): void {
    this.resumedAt.value = start.offset;
    this.state.value = { kind: "created", id };
    this.resume(start);
  }

  /** Whether the server has stored nothing of it, as far as is known. */
  get isEmpty(): boolean {
    return this.offset === 0;
  }

  /** The server knows it no more, and is to be told of it again. */
  forgotten(): void {
    this.halt();
    this.link = null;
    this.state.value = { kind: "queued" };
  }

  /** Whether it can be paused: a recording is paused by what records it. */
  get canPause(): boolean {
    const isSent = this.state.value.kind === "finishing";
    return this.active && !isSent && !this.isPaused.value && this.source.file !== null;
  }

  /** Send no more until it is started again; what is on its way arrives. */
  pause(): void {
    this.isPaused.value = true;
    this.holds = true;
  }

  /** It may be started again, when it is its turn. */
  goOn(): void {
    this.isPaused.value = false;
    if (this.id !== null) this.state.value = { kind: "created", id: this.id };
  }

  /** Send from what is stored on, to the end of the file. */
  start(link: Link): void {
    const { id } = this;
    if (id === null || !this.active) return;
    if (this.holds && this.link === link) {
      this.holds = false;
      this.meter = new Rate(this.offset, performance.now());
      this.state.value = { kind: "running", id };
      this.wake();
      return;
    }
    this.halt();
    this.link = link;
    this.meter = new Rate(this.offset, performance.now());
    this.state.value = { kind: this.known.end < this.offset ? "checking" : "running", id };
    void this.send(link, id, this.run);
  }

  /** `delay`: milliseconds that the last chunk waited on the server until it was stored. */
  acked(offset: number, grant: number, delay: number): void {
    const time = performance.now();
    this.granted = Math.max(this.granted, offset + grant);
    this.wake();
    const delivered = Math.min(Math.max(0, offset - this.offset), this.inFlight);
    this.inFlight -= delivered;
    const last = this.takeSent(offset);
    if (last?.end === offset) {
      this.storedChecksum = last.checksum;
      this.known = last;
      this.source.release(last.end);
      const { size, inFlight } = last;
      const roundTrip = time - last.time - delay;
      this.hasWaited = delay > Math.max(roundTrip, TARGET_DELAY);
      this.link?.window.measure({ time, roundTrip, size, inFlight });
      this.link?.cap.arrived(this.link.isNotebook ? inFlight / 2 : size);
    }
    this.link?.window.release(delivered);
    this.offset = offset;
    this.meter.update(offset, time);
    const isLast = offset === this.source.size;
    if (isLast || time - this.shownAt >= SHOW_INTERVAL) this.show(time);
  }

  /** Note where the server says that it goes on, with no more than it grants now. */
  resume({ attempt, offset, checksum, grant }: StartingPoint): void {
    if (!this.active) return;
    const known = [this.known, ...this.sent].filter(({ end }) => end <= offset);
    this.known = known.at(-1) ?? { end: 0, checksum: 0 };
    this.storedChecksum = checksum;
    this.halt();
    this.attempt = attempt;
    this.offset = offset;
    this.show(performance.now());
    this.granted = offset + grant;
  }

  /** `offset` bytes have come, and more are not wanted. */
  complete(id: string, offset: number): void {
    this.stored.value = offset;
    const isWhole = offset === this.source.size;
    this.end(isWhole ? { kind: "complete", id } : { kind: "complete", id, enough: offset });
  }

  end(state: UploadState): void {
    const { active } = this;
    this.halt();
    this.link = null;
    this.wasPaused = this.isPaused.value;
    this.isPaused.value = false;
    this.state.value = state;
    if (active) this.onEnd();
  }

  /** Stop sending, and give back what the window holds for what was sent. */
  halt(): void {
    this.run += 1;
    this.holds = false;
    this.link?.window.release(this.inFlight);
    this.inFlight = 0;
    this.sent = [];
    this.checking.abort();
    this.wake();
  }

  private show(time: number): void {
    this.shownAt = time;
    const waits = this.waitsForGrant || this.hasWaited;
    this.heldSince = waits ? (this.heldSince ?? time) : null;
    this.isHeld.value = this.heldSince !== null && time - this.heldSince >= HELD_AFTER;
    this.stored.value = this.offset;
    this.rate.value = this.meter.bytesPerSecond;
    const { size } = this.source;
    this.timeLeft.value = size === null ? null : this.meter.timeLeft(size - this.offset);
  }

  /** Take the chunks out that are stored, and give the last of them. */
  private takeSent(offset: number): SentChunk | undefined {
    const next = this.sent.findIndex(({ end }) => end > offset);
    return this.sent.splice(0, next < 0 ? this.sent.length : next).at(-1);
  }

  /** Wait until the server takes bytes up to `end`; less is not worth a message. */
  private async nextGrant(end: number, run: number): Promise<void> {
    this.waitsForGrant = this.granted < end;
    while (this.granted < end && run === this.run) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Wait until it is to go on. */
  private async nextTurn(run: number): Promise<void> {
    while (this.holds && run === this.run) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private async send(link: Link, id: string, run: number): Promise<void> {
    try {
      if (await this.beginsWithStored()) await this.sendRest(link, id, run);
      else if (run === this.run) this.fail("changed", link, id);
    } catch {
      if (run === this.run) this.fail("unreadable", link, id);
    }
  }

  private fail(code: "changed" | "unreadable", link: Link, id: string): void {
    link.channel.send({ kind: "abort", id, reason: "unreadable", secret: this.secret });
    const failure = { code: this.source.file === null ? "recording_gone" : code } as const;
    this.end({ kind: "failed", failure });
  }

  /** Tell whether what is stored is what the file begins with. */
  private async beginsWithStored(): Promise<boolean> {
    const { source, offset, storedChecksum } = this;
    const { end: start, checksum: before } = this.known;
    this.checking = new AbortController();
    const { signal } = this.checking;
    const checksum =
      start < offset ? await source.checksum(offset, { start, before, signal }) : before;
    this.known = { end: offset, checksum };
    return checksum === storedChecksum;
  }

  private async sendRest(link: Link, id: string, run: number): Promise<void> {
    if (run !== this.run) return;
    this.state.value = { kind: "running", id };
    const reader = this.source.open(this.offset, link.buffers);
    try {
      const checksum = await this.sendChunks(link, id, run, reader);
      if (checksum === null) return;
      this.fileChecksum = checksum; // the last acks may be lost, and not that it is complete
      this.state.value = { kind: "finishing", id };
      const size = this.source.size ?? 0; // all is sent, so it is known
      link.channel.send({ kind: "finish", id, attempt: this.attempt, size, checksum });
    } finally {
      reader.close();
    }
  }

  /** Give the checksum of the file when all is sent; null if the upload is over, or runs anew. */
  private async sendChunks(
    link: Link,
    id: string,
    run: number,
    reader: ChunkReader,
  ): Promise<number | null> {
    let { offset, storedChecksum: checksum } = this;
    for (;;) {
      const rest = await this.source.available(offset);
      if (run !== this.run) return null;
      await this.nextTurn(run);
      if (run !== this.run) return null;
      if (rest === 0) break;
      const wanted = Math.min(link.window.chunkSize(link.maxChunkSize), rest);
      await this.nextGrant(offset + Math.min(wanted, MIN_CHUNK_SIZE), run);
      if (run !== this.run) return null;
      const size = Math.min(wanted, this.granted - offset);
      await link.window.acquire(size);
      if (run !== this.run || this.holds) {
        link.window.release(size);
        if (run !== this.run) return null;
        continue;
      }
      this.inFlight += size; // from here on, `halt` gives it back
      const data = await reader.read(size);
      if (run !== this.run) return null;
      if (data.byteLength !== link.buffers.head + size) throw new Error("It is shorter.");
      checksum = checksumOf(new Uint8Array(data, link.buffers.head, size), checksum);
      link.channel.send({ kind: "chunk", id, attempt: this.attempt, offset, checksum, data });
      offset += size;
      const { taken } = link.window;
      this.sent.push({ end: offset, checksum, size, time: performance.now(), inFlight: taken });
    }
    await this.source.verify();
    return run === this.run ? checksum : null;
  }
}
