/** All uploads of one widget in this page: what waits, what runs, what the server answers. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { Batches } from "./batches";
import { calmly } from "./calm";
import { ChunkCap, IN_FLIGHT } from "./cap";
import type { PanelChannel, Settings } from "./channel";
import { type Failure, retryOf } from "./errors";
import { handleOf } from "./handles";
import { uniqueKey } from "./key";
import { check, type Refusal } from "./limits";
import type { Notice } from "./notice";
import { Offers } from "./offers";
import { CHUNKS_IN_NOTEBOOK, CHUNKS_IN_WINDOW, CHUNKS_ONE_BY_ONE } from "./pacer";
import { LEFT_AFTER, Probe } from "./probe";
import {
  type Created,
  type ErrorMessage,
  type Identity,
  type KnownUpload,
  type PauseMessage,
  type RecordAction,
  type Resume,
  type ServerMessage,
  VERSION,
  type Welcome,
} from "./protocol";
import type { ConnectionState } from "./reconnect";
import { MIN_RESUMABLE, Resumables } from "./resumables";
import { Retries } from "./retries";
import { Silence } from "./silence";
import { FileSource, type Source } from "./source";
import { Totals } from "./totals";
import { type Link, Upload, type UploadState } from "./upload";
import { Window } from "./window";

/** Uploads that send at the same time; more would only share the same window. */
const PARALLEL = 3;

/** Uploads of which every change is followed at once, and milliseconds between two looks at more. */
const FOLLOWED = 50;
const LOOK_INTERVAL = 200;

/**
 * Uploads that have begun and not ended, paused ones among them: a server has no more than eight of
 * a page under way, and a function that uses a paused one goes on.
 */
const MAX_BEGUN = 7;

/** Uploads that the server is told of and that have not ended; the rest waits in the page. */
const MAX_ANNOUNCED = 500;

/** The same with those that are paused. The server takes 2000. */
const MAX_TOLD = 1900;

/** Milliseconds between two signs of a page that has paused all; after 120 s it counts as gone. */
const PRESENCE_INTERVAL = 30_000;

/**
 * Milliseconds after which uploads are cancelled in a notebook that no output shows, as when the
 * cell was run again, which makes another widget: nobody could see or stop them.
 */
export const UNSEEN_FOR = 30_000;

/** Chunks in a full window, by what carries them. */
const CHUNKS = { socket: CHUNKS_IN_WINDOW, comm: CHUNKS_IN_NOTEBOOK, ipywidget: CHUNKS_ONE_BY_ONE };

const NO_LIMITS = { maxFileSize: null, maxTotalSize: null, multiple: false };

const KERNEL_IS_GONE: UploadState = { kind: "failed", failure: { code: "kernel_restarted" } };

/** What the queue needs of a recorder, if it sends what one records. */
interface QueueRecorder {
  readonly state: "inactive" | "recording" | "paused";
  command(action: RecordAction): void;
}

/** A file as the user has picked it. */
export interface PickedFile {
  file: File;
  /** Path inside the folder that was picked, `/` between the parts; else the name. */
  relativePath: string;
}

export class UploadQueue {
  /** Everything that has a row, oldest first. */
  readonly uploads: Signal<Upload[]> = signal([]);
  /** What is wrong with the page as a whole. */
  readonly notice: Signal<Notice | null> = signal(null);
  /** Called with the complete files of a batch, once all of it has ended. */
  onBatch: (files: PickedFile[]) => void = () => undefined;

  /** What records in this page, if anything does. */
  recorder: QueueRecorder | null = null;

  /** Says when the page waits for Python, and asks a kernel that says nothing. */
  readonly silence = new Silence(this);

  /** What waits to be tried again. */
  readonly retries = new Retries((upload) => this.retry(upload));

  /** What all of `uploads` have come to together; of many, as it was a moment ago. */
  readonly totals: ReadonlySignal<Totals>;

  /** What pages before have not ended. */
  readonly offers: Offers;

  private readonly probe = new Probe();

  /** Begins the keys of its uploads: another page may be told of them, too. */
  private readonly page = uniqueKey();
  private presence: ReturnType<typeof setInterval> | undefined;
  private giveUp: ReturnType<typeof setTimeout> | undefined;

  /** Whether the connection was lost, and no session was met since. */
  isLost = false;

  private channel: PanelChannel | null = null;
  /** Of the views that are shown, the latest last. */
  private readonly views: PanelChannel[] = [];
  private link: Link | null = null;
  private hadKernel = false;
  private kernelIsGone = false;
  /** When something was last found to be lost in a notebook. */
  private lastLoss = Number.NEGATIVE_INFINITY;
  private readonly window = new Window();
  private readonly batches = new Batches(this.page);
  private readonly byKey = new Map<string, Upload>();
  private readonly byId = new Map<string, Upload>();
  /** Announced to the server and not sending: no answer yet, or waiting for a turn. */
  private readonly ready = new Set<Upload>();
  private readonly sending = new Set<Upload>();
  /** Paused after they had begun to send; those that had not are in `ready`. */
  private readonly paused = new Set<Upload>();
  /** Secrets by id of what was cancelled and is not known to be gone: the message may be lost. */
  private readonly aborted = new Map<string, string>();

  /** The caps are shared by all queues of a page, which share a socket. */
  constructor(
    private readonly chunkCap = new ChunkCap(null),
    private readonly inFlightCap = new ChunkCap(null, IN_FLIGHT),
    private readonly resumables = new Resumables(null),
  ) {
    this.offers = new Offers(resumables, this.uploads, (picked) => this.add(picked));
    this.totals = calmly(
      () => new Totals(this.uploads.value, this),
      () => (this.uploads.peek().length > FOLLOWED ? LOOK_INTERVAL : 0),
    );
  }

  /** Take the road through a view that was just rendered; earlier ones are no longer used. */
  attach(channel: PanelChannel): void {
    clearTimeout(this.giveUp);
    this.views.push(channel);
    channel.listen((message) => this.receive(message));
    this.use(channel);
    void this.offers.look(this.place);
  }

  /**
   * A view is gone, and its road perhaps with it, as when the output of a notebook cell is cleared:
   * take that of another view. If there is none it may still lead to Python, as behind a tab.
   */
  detach(channel: PanelChannel): void {
    const place = this.views.indexOf(channel);
    if (place < 0) return;
    this.views.splice(place, 1);
    const other = this.views.at(-1);
    if (channel === this.channel && other !== undefined) this.use(other);
    if (other === undefined && this.isNotebook) {
      this.giveUp = setTimeout(() => this.cancelAll(), UNSEEN_FOR);
    }
  }

  private cancelAll(): void {
    for (const upload of [...this.batches.open, ...this.retries.waiting]) this.cancel(upload);
  }

  private use(channel: PanelChannel): void {
    this.kernelIsGone = false;
    this.channel?.close();
    channel.open();
    this.channel = channel;
    this.link = null;
    // Until the server says where to go on.
    for (const upload of [...this.sending, ...this.paused]) upload.halt();
    this.hello();
  }

  private hello(): void {
    const { page } = this;
    this.channel?.send({ kind: "hello", version: VERSION, page, uploads: this.known() });
    this.silence.listen();
  }

  add(picked: PickedFile[]): void {
    this.send(picked.map((it) => this.newUpload(new FileSource(it.file), it.relativePath)));
  }

  /** Send a recording while it is made, if it is not refused. */
  record(recording: Source): Upload {
    const upload = this.newUpload(recording, recording.name);
    this.send([upload]);
    if (!this.uploads.value.includes(upload)) upload.end({ kind: "cancelled" }); // switched off
    return upload;
  }

  private send(uploads: Upload[]): void {
    const { settings } = this;
    if (settings === null || settings.disabled || uploads.length === 0) return;
    this.dismissEnded();
    this.notice.value = null;
    const accepted = this.accept(uploads, settings);
    this.uploads.value = [...this.uploads.value, ...uploads];
    this.begin(accepted);
  }

  /** Upload a file once more that has failed, in the same place; gives the new upload, if any. */
  retry(upload: Upload): Upload | null {
    const { settings } = this;
    if (settings === null || !this.canRetry(upload)) return null;
    this.retries.stop(upload);
    const next = this.newUpload(upload.source, upload.relativePath);
    const accepted = this.accept([next], settings);
    this.uploads.value = this.uploads.value.map((it) => (it === upload ? next : it));
    if (upload.wasPaused && next.active) next.pause();
    this.begin(accepted);
    return next;
  }

  canRetry(upload: Upload): boolean {
    const state = upload.state.value;
    if (state.kind !== "failed" && state.kind !== "refused") return false;
    if (upload.source.file === null) return false; // what was sent of a recording is not kept
    return retryOf(state.failure) !== "no" && this.channel?.settings.value.disabled === false;
  }

  /** Whether it has failed, and will be tried again by itself. */
  isWaiting(upload: Upload): boolean {
    return this.retries.secondsLeft(upload) !== null;
  }

  private newUpload(source: Source, relativePath: string): Upload {
    return new Upload(`${this.page}.${uniqueKey()}`, source, relativePath);
  }

  /** Refuse what is not allowed, and give the rest. */
  private accept(uploads: Upload[], settings: Settings): Upload[] {
    const held = this.held(settings.multiple);
    const accepted: Upload[] = [];
    const asked = new Set(this.batches.open.map(({ earlier }) => earlier?.id));
    for (const upload of uploads) {
      const tooMany = !settings.multiple && accepted.length > 0;
      const refusal: Refusal | null = tooMany
        ? { code: "too_many_files", limit: 1 }
        : check(settings, upload.source, held);
      if (refusal !== null) {
        upload.end({ kind: "refused", failure: refusal });
        continue;
      }
      upload.earlier = this.findEarlier(upload, asked);
      asked.add(upload.earlier?.id);
      accepted.push(upload);
      held.files += 1;
      held.size += upload.size;
    }
    if (!settings.multiple && accepted.length > 0) {
      this.cancelAll();
    }
    return accepted;
  }

  /** Give what a page before has begun of the file, unless another upload asks for it already. */
  private findEarlier(upload: Upload, asked: Set<string | undefined>): Identity | null {
    const { file } = upload.source;
    if (file === null) return null;
    const earlier = this.resumables.find(this.fingerprint(file, upload.relativePath));
    return earlier === null || asked.has(earlier.id) ? null : earlier;
  }

  private begin(accepted: Upload[]): void {
    this.open(accepted);
    this.silence.listen();
    if (this.kernelIsGone) for (const upload of accepted) upload.end(KERNEL_IS_GONE);
    this.pump();
  }

  cancel(upload: Upload): void {
    if (!upload.active && !this.isWaiting(upload)) return;
    this.retries.stop(upload);
    const { id, secret } = upload;
    if (id !== null) this.abort({ id, secret });
    upload.end({ kind: "cancelled" });
  }

  /** Send no more of it until it goes on; another one may take its turn. */
  pause(upload: Upload): void {
    this.retries.stop(upload); // it is not tried again by itself
    if (!upload.canPause) return;
    this.keepPresent();
    upload.pause();
    if (this.sending.delete(upload)) this.paused.add(upload);
    this.tellPaused(upload);
    this.pump();
  }

  goOn(upload: Upload): void {
    this.letGoOn([upload]);
  }

  private letGoOn(uploads: Upload[]): void {
    for (const upload of uploads) {
      if (!upload.isPaused.value) continue;
      upload.goOn();
      if (this.paused.delete(upload)) this.ready.add(upload);
      this.tellPaused(upload);
    }
    this.pump();
  }

  /** Pause all that are under way: the latest first, or they would begin as others stop. */
  pauseAll(): void {
    for (const upload of [...this.uploads.value].reverse()) this.pause(upload);
  }

  goOnAll(): void {
    this.letGoOn(this.uploads.value);
  }

  /** Say so from time to time: of a page that says nothing, what it has begun is ended. */
  private keepPresent(): void {
    this.presence ??= setInterval(() => {
      const paused = this.batches.open.filter(({ isPaused }) => isPaused.value);
      for (const upload of paused.slice(0, 1)) this.tellPaused(upload);
      if (paused.length > 0) return;
      clearInterval(this.presence);
      this.presence = undefined;
    }, PRESENCE_INTERVAL);
  }

  private tellPaused({ id, isPaused }: Upload): void {
    if (id === null || this.link === null) return;
    this.channel?.send({ kind: "paused", id, paused: isPaused.value });
  }

  /** What the app wants, of one upload or of all that are under way. */
  private pauseByApp({ id, paused }: PauseMessage): void {
    if (id === null) {
      if (paused) this.pauseAll();
      else this.goOnAll();
      return;
    }
    const upload = this.byId.get(id);
    if (upload === undefined) return;
    if (paused) this.pause(upload);
    else this.goOn(upload);
  }

  private abort({ id, secret }: Identity): void {
    this.aborted.set(id, secret);
    this.channel?.send({ kind: "abort", id, reason: "cancelled", secret });
  }

  /** Delete a complete file; the row goes when the server says that it is gone. */
  remove(upload: Upload): void {
    const { id } = upload;
    if (id !== null) this.channel?.send({ kind: "remove", id });
  }

  /** Take a row away that is only a notice. */
  dismiss(upload: Upload): void {
    this.retries.stop(upload);
    this.uploads.value = this.uploads.value.filter((other) => other !== upload);
  }

  /** The socket has died; with `reconnect`, Bokeh opens another and renders the views anew. */
  connectionLost(): void {
    this.isLost = true;
    this.chunkCap.lost(Math.max(0, ...[...this.sending].map((upload) => upload.largestSent)));
  }

  /** Whether what Python says comes through a notebook's kernel. */
  get isNotebook(): boolean {
    return this.channel?.isNotebook ?? false;
  }

  /** Whether this page has no way to a kernel, so that waiting is in vain. */
  get isOutOfReach(): boolean {
    return this.channel?.kernel.isOutOfReach() ?? false;
  }

  /** Whether the page and Python have met. */
  get isOpen(): boolean {
    return this.link !== null;
  }

  /** Whether the page can reach the server, and what it does if not. */
  get connection(): ConnectionState {
    return this.channel?.reconnection?.state.value ?? "up";
  }

  /** Whether no view has shown it yet. */
  get isNew(): boolean {
    return this.channel === null;
  }

  get isUploading(): boolean {
    return !this.batches.isEmpty;
  }

  /** Names of files that go to a notebook's kernel, and no output shows any more. */
  get unseen(): string[] {
    const isUnseen = this.isNotebook && this.views.length === 0;
    return isUnseen ? this.batches.open.map(({ source }) => source.name) : [];
  }

  get isBusy(): boolean {
    return !this.kernelIsGone && (!this.isOpen || this.isUploading || this.aborted.size > 0);
  }

  get isUnanswered(): boolean {
    const isUnannounced = [...this.ready].some(({ id }) => id === null);
    const isFinishing = [...this.sending].some(({ state }) => state.value.kind === "finishing");
    const isCancelling = this.aborted.size > 0;
    return !this.isOpen || this.window.taken > 0 || isUnannounced || isFinishing || isCancelling;
  }

  /** See whether the kernel is there, or the server. */
  ask(): void {
    const { channel } = this;
    if (channel === null || this.connection !== "up") return;
    if (!this.isNotebook) {
      this.probe.ask(channel, this.silence.lasts >= LEFT_AFTER);
      return;
    }
    const isShown = this.views.includes(channel); // an output that is not has no kernel either
    if (isShown && this.hadKernel && !channel.kernel.exists()) this.forgetKernel();
    else {
      channel.kernel.forgetHalfMessages(); // or the answer may not be understood
      this.hello();
    }
  }

  /** A new kernel knows nothing of this widget; what the cell shows when run again is another. */
  private forgetKernel(): void {
    this.link = null;
    this.kernelIsGone = true;
    for (const upload of this.batches.open) upload.end(KERNEL_IS_GONE);
  }

  // What the server says

  private receive(message: ServerMessage): void {
    if (this.probe.heard(message)) return;
    this.silence.broken();
    switch (message.kind) {
      case "welcome":
        this.welcome(message);
        break;
      case "created":
        this.created(message);
        break;
      case "ack":
        this.byId.get(message.id)?.acked(message.offset, message.grant, message.delay);
        return;
      case "resume":
        this.resume(message);
        return;
      case "complete":
        this.complete(message.id, message.offset);
        break;
      case "removed":
        this.removed(message.id);
        break;
      case "cleared":
        this.cleared();
        break;
      case "pause":
        this.pauseByApp(message);
        return;
      case "record":
        this.recorder?.command(message.action);
        return;
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
    this.hadKernel = channel.kernel.exists();
    this.isLost = false;
    const isNotebook = message.transport !== "socket";
    const cap = isNotebook ? this.inFlightCap : this.chunkCap;
    const inFlight = isNotebook ? cap.limit(message.max_in_flight) : message.max_in_flight;
    const mostInOne = isNotebook ? Math.ceil(inFlight / 2) : cap.limit(message.max_chunk_size);
    const maxChunkSize = Math.min(message.max_chunk_size, mostInOne);
    const buffers = { reuse: !isNotebook, head: channel.head };
    window.limit(inFlight, CHUNKS[message.transport]);
    this.link = { channel, window, cap, isNotebook, maxChunkSize, buffers };
    for (const upload of this.batches.begin()) this.ready.delete(upload);
    for (const [id, secret] of this.aborted) this.abort({ id, secret });
    this.closeBatches();
    this.tellRecording();
  }

  /** Tell Python what the recorder does. */
  tellRecording(): void {
    if (this.recorder === null || this.link === null) return;
    this.channel?.send({ kind: "recording", state: this.recorder.state });
  }

  /** Bytes that a recording may have besides what is there; infinity if there is no limit. */
  get room(): number {
    const { maxFileSize, maxTotalSize, multiple } = this.settings ?? NO_LIMITS;
    const total = (maxTotalSize ?? Infinity) - this.held(multiple).size;
    return Math.min(maxFileSize ?? Infinity, total);
  }

  get settings(): Settings | null {
    return this.channel?.settings.value ?? null;
  }

  /** Tell a session that has found complete files in its store that their batches are over. */
  private closeBatches(): void {
    const { page } = this;
    const over = new Set(this.completed.map(({ batch }) => batch));
    for (const batch of over) {
      if (this.batches.has(batch)) continue;
      this.channel?.send({ kind: "create", page, batch, files: [], more: false });
    }
  }

  private created(message: Created): void {
    const { key, id } = message;
    const upload = this.byKey.get(key);
    if (upload?.state.value.kind === "queued") {
      upload.secret = message.secret;
      upload.created(id, message);
      this.byId.set(id, upload);
      this.remember(upload, message);
      if (upload.isPaused.value) this.tellPaused(upload);
    } else if (!upload?.active && key.startsWith(this.page)) this.abort(message);
  }

  private remember({ earlier, source, relativePath }: Upload, created: Created): void {
    const { file } = source;
    // The server does not know any more what was begun earlier.
    if (earlier !== null && earlier.id !== created.id) this.resumables.dismiss(earlier.id);
    if (file === null || file.size < MIN_RESUMABLE || created.secret === "") return;
    this.resumables.remember(this.fingerprint(file, relativePath), created, handleOf(file));
  }

  private resume(message: Resume): void {
    const upload = this.byId.get(message.id);
    const lostSince = upload?.lostSince(message.offset) ?? null;
    // What was sent before the last loss was lost with it, and counted there.
    if (this.link?.isNotebook && lostSince !== null && lostSince > this.lastLoss) {
      this.lastLoss = performance.now();
      this.inFlightCap.lost(this.window.taken); // it may all have been one message, and too large
    }
    if (upload?.state.value.kind === "complete") {
      const { id, attempt } = message; // a new session asks, and finds the file when told so
      const { checksum } = upload;
      this.channel?.send({ kind: "finish", id, attempt, size: upload.size, checksum });
      return;
    }
    upload?.resume(message);
    if (upload !== undefined && this.link !== null && this.sending.has(upload)) {
      upload.start(this.link);
    }
    if (upload?.isPaused.value) this.tellPaused(upload); // another session may go on with it
  }

  private complete(id: string, offset: number): void {
    const upload = this.byId.get(id);
    if (!upload?.active) return;
    upload.complete(id, offset);
  }

  private removed(id: string): void {
    const upload = this.byId.get(id);
    this.byId.delete(id);
    this.aborted.delete(id);
    // One that was cancelled or has failed keeps its row, which says so.
    if (!upload?.active && upload?.state.value.kind !== "complete") return;
    upload.end({ kind: "cancelled" });
    this.dismiss(upload);
  }

  /**
   * What was announced and has no answer was picked after that: the server answers in the order it
   * is told. What waits to be announced is taken for that, too, rather than lost without a word.
   */
  private cleared(): void {
    const { link } = this;
    this.link = null; // or the next ones would start as these end
    const kept = new Set<Upload>();
    for (const batch of this.batches) {
      const isNew = batch.uploads.every((upload) => upload.state.value.kind === "queued");
      for (const upload of batch.open) {
        if (isNew) kept.add(upload);
        else upload.end({ kind: "cancelled" });
      }
    }
    this.link = link;
    this.byId.clear();
    this.aborted.clear();
    this.notice.value = null;
    for (const upload of this.retries.waiting) this.retries.stop(upload);
    this.uploads.value = this.uploads.value.filter((upload) => kept.has(upload));
  }

  private failed({ key, id, code, message }: ErrorMessage): void {
    const upload = key === undefined ? this.byId.get(id ?? "") : this.byKey.get(key);
    if (key === undefined && id === undefined) this.refuseUnanswered({ code, message });
    if (upload?.state.value.kind === "complete") {
      // The server may have deleted it while nothing reached this page.
      if (code === "unknown_upload") this.dismiss(upload);
      else this.notice.value = { kind: "not_removed", name: upload.source.name };
    }
    if (!upload?.active) return;
    if (code === "unknown_upload" && id !== undefined && upload.isEmpty) this.tellAgain(upload, id);
    else {
      const kind = key === undefined ? "failed" : "refused";
      upload.end({ kind, failure: { code, message } });
    }
  }

  /** A server that was started anew knows only uploads of which it has stored something. */
  private tellAgain(upload: Upload, id: string): void {
    this.byId.delete(id);
    this.ready.delete(upload);
    this.sending.delete(upload);
    this.paused.delete(upload);
    this.resumables.forget(upload.secret);
    upload.forgotten();
    this.batches.again(upload);
  }

  /** The server could not say which message it refused; only `create` waits for an answer. */
  private refuseUnanswered(failure: Failure): void {
    const unanswered = [...this.ready].filter(({ id }) => id === null);
    for (const upload of unanswered) upload.end({ kind: "refused", failure });
    if (unanswered.length === 0) this.notice.value = { kind: "failure", failure };
  }

  /** What the server is asked about: what is under way, and as much as fits of the rest. */
  private known(): KnownUpload[] {
    const known = [...this.sending, ...this.paused, ...this.ready, ...this.completed];
    return known
      .flatMap(({ id, secret, batch }) => (id === null ? [] : { id, secret, batch }))
      .slice(0, MAX_ANNOUNCED);
  }

  /** The widget's in the app: another widget may be for the same file, too. */
  private get place(): string {
    return this.channel?.place ?? this.channel?.widget ?? "";
  }

  private fingerprint(file: File, relativePath: string): string {
    return this.resumables.fingerprint(this.place, file, relativePath);
  }

  private get completed(): Upload[] {
    return this.uploads.value.filter(({ state }) => state.value.kind === "complete");
  }

  // What comes next

  private open(accepted: Upload[]): void {
    this.batches.add(accepted);
    for (const upload of accepted) {
      upload.onEnd = () => this.ended(upload);
      this.byKey.set(upload.key, upload);
    }
  }

  /** Tell the server of what was picked, and let as many send as may. */
  private pump(): void {
    const { link } = this;
    if (link === null) return;
    const room = () => {
      const waiting = [...this.ready].filter(({ isPaused }) => !isPaused.value);
      const told = this.ready.size + this.sending.size + this.paused.size;
      return Math.min(MAX_ANNOUNCED - waiting.length - this.sending.size, MAX_TOLD - told);
    };
    for (const { uploads, message } of this.batches.announce(room)) {
      for (const upload of uploads) this.ready.add(upload);
      link.channel.send(message);
    }
    for (const upload of this.ready) {
      const begun = this.sending.size + this.paused.size;
      if (this.sending.size >= PARALLEL || begun >= MAX_BEGUN) return;
      if (upload.state.value.kind !== "created" || upload.isPaused.value) continue;
      this.ready.delete(upload);
      this.sending.add(upload);
      upload.start(link);
    }
  }

  /** Every end of an upload comes by here, however it ended. */
  private ended(upload: Upload): void {
    this.retries.ended(upload);
    this.ready.delete(upload);
    this.sending.delete(upload);
    this.paused.delete(upload);
    this.byKey.delete(upload.key);
    if (isTakenOver(upload.state.value)) this.resumables.leave(upload.secret);
    else this.resumables.forget(upload.secret);
    const batch = this.batches.ended(upload);
    if (batch === undefined) return;
    this.pump(); // the batch may still have to be closed on the server
    const complete = this.batches.close(batch);
    const files = complete.flatMap(({ source: { file }, relativePath }) =>
      file === null ? [] : { file, relativePath },
    );
    if (files.length > 0) this.onBatch(files);
  }

  /** What counts against the limits besides a new file; a single file takes the old one's place. */
  held(multiple: boolean): { files: number; size: number } {
    return multiple ? new Totals(this.uploads.value, this).held : { files: 0, size: 0 };
  }

  private dismissEnded(): void {
    const notices = ["refused", "failed", "cancelled"];
    this.uploads.value = this.uploads.value.filter(
      (upload) => this.isWaiting(upload) || !notices.includes(upload.state.value.kind),
    );
  }
}

/** Whether another page goes on with it, which remembers it as well. */
function isTakenOver(state: UploadState): boolean {
  return state.kind === "failed" && state.failure.code === "taken_over";
}
