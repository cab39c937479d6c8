/** All uploads of one widget in this page: what waits, what runs, what the server answers. */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { accept, room } from "./admission";
import { Batches } from "./batches";
import { ChunkCap, IN_FLIGHT } from "./cap";
import type { PanelChannel, Settings } from "./channel";
import { findEarlier, forget, remember } from "./earlier";
import { type Failure, retryOf } from "./errors";
import { uniqueKey } from "./key";
import { type Link, openLink } from "./link";
import type { Notice } from "./notice";
import { Offers } from "./offers";
import { Pauses } from "./pauses";
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
import { Resumables } from "./resumables";
import { Retries } from "./retries";
import { Silence } from "./silence";
import { FileSource, type Source } from "./source";
import { type Totals, totalsOf } from "./totals";
import { MAX_ANNOUNCED, Turns } from "./turns";
import { Upload, type UploadState } from "./upload";
import { Views } from "./views";
import { Window } from "./window";

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
  readonly retries = new Retries((upload) => this.retry([upload])[0]);

  /** What all of `uploads` have come to together; of many, as it was a moment ago. */
  readonly totals: ReadonlySignal<Totals>;

  /** What pages before have not ended. */
  readonly offers: Offers;

  private readonly probe = new Probe();

  /** Begins the keys of its uploads: another page may be told of them, too. */
  private readonly page = uniqueKey();
  /** Whether the connection was lost, and no session was met since. */
  isLost = false;

  private readonly views = new Views(this);
  private link: Link | null = null;
  private hadKernel = false;
  private kernelIsGone = false;
  /** When something was last found to be lost in a notebook. */
  private lastLoss = Number.NEGATIVE_INFINITY;
  private readonly window = new Window();
  readonly batches = new Batches(this.page);
  private readonly byKey = new Map<string, Upload>();
  private readonly byId = new Map<string, Upload>();
  readonly turns = new Turns();
  private readonly pauses = new Pauses(this);
  /** Secrets by id of what was cancelled and is not known to be gone: the message may be lost. */
  private readonly aborted = new Map<string, string>();

  /** The caps are shared by all queues of a page, which share a socket. */
  constructor(
    private readonly chunkCap = new ChunkCap(null),
    private readonly inFlightCap = new ChunkCap(null, IN_FLIGHT),
    private readonly resumables = new Resumables(null),
  ) {
    this.offers = new Offers(resumables, this.uploads, (picked) => this.add(picked));
    this.totals = totalsOf(this);
  }

  /** A view was rendered. */
  attach(channel: PanelChannel): void {
    channel.listen((message) => this.receive(message));
    this.views.attach(channel);
    void this.offers.look(this.place);
  }

  /** A view is gone. */
  detach(channel: PanelChannel): void {
    this.views.detach(channel);
  }

  cancelAll(): void {
    for (const upload of this.uploads.value) this.cancel(upload);
  }

  /** Another road is taken: nothing is sent on it until the server says where to go on. */
  beginAnew(): void {
    this.kernelIsGone = false;
    this.link = null;
    for (const upload of this.turns.begun) upload.halt();
    this.hello();
  }

  private hello(): void {
    const { page } = this;
    this.views.road?.send({ kind: "hello", version: VERSION, page, uploads: this.known() });
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

  /** Upload files once more that have failed, each in its place; gives the new uploads. */
  retry(uploads: Upload[]): Upload[] {
    const { settings } = this;
    if (settings === null) return [];
    const rows = new Set(this.uploads.value); // the totals that list them may be older
    const again = new Map<Upload, Upload>();
    for (const upload of uploads) {
      if (!rows.has(upload) || !this.canRetry(upload)) continue;
      this.retries.stop(upload);
      const next = this.newUpload(upload.source, upload.relativePath);
      if (upload.wasPaused) next.pause();
      again.set(upload, next);
    }
    const all = [...again.values()];
    const accepted = this.accept(all, settings);
    this.uploads.value = this.uploads.value.map((it) => again.get(it) ?? it);
    this.begin(accepted);
    return all;
  }

  canRetry(upload: Upload): boolean {
    const state = upload.state.value;
    if (state.kind !== "failed" && state.kind !== "refused") return false;
    if (upload.source.file === null) return false; // what was sent of a recording is not kept
    return retryOf(state.failure) !== "no" && this.views.road?.settings.value.disabled === false;
  }

  /** Whether it has failed, and will be tried again by itself. */
  isWaiting(upload: Upload): boolean {
    return this.retries.secondsLeft(upload) !== null;
  }

  private newUpload(source: Source, relativePath: string): Upload {
    return new Upload(`${this.page}.${uniqueKey()}`, source, relativePath);
  }

  private accept(uploads: Upload[], settings: Settings): Upload[] {
    const accepted = accept(uploads, settings, this.uploads.value);
    findEarlier(this.resumables, this.place, accepted, this.batches.open);
    if (!settings.multiple && accepted.length > 0) this.cancelAll();
    return accepted;
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
    const { id, key, secret } = upload;
    if (upload.isTold) this.abort({ id: id ?? key, secret });
    upload.end({ kind: "cancelled" });
  }

  /** Send no more of it until it goes on; another one may take its turn. */
  pause(upload: Upload): void {
    this.retries.stop(upload); // it is not tried again by itself
    this.pauses.pause(upload);
  }

  goOn(upload: Upload): void {
    this.goOnAll([upload]);
  }

  /** Pause all that are under way: the latest first, or they would begin as others stop. */
  pauseAll(uploads = this.uploads.value): void {
    for (const upload of [...uploads].reverse()) this.pause(upload);
  }

  goOnAll(uploads = this.uploads.value): void {
    this.pauses.goOn(uploads);
  }

  /** Tell the server, if it knows the upload and can be reached. */
  tellPaused({ id, isPaused }: Upload): void {
    if (id === null || this.link === null) return;
    this.views.road?.send({ kind: "paused", id, paused: isPaused.value });
  }

  /** What the app wants, of one upload or of all that are under way. */
  private pauseByApp({ id, paused }: PauseMessage): void {
    const upload = id === null ? null : this.byId.get(id);
    if (upload === undefined) return;
    const uploads = upload === null ? this.uploads.value : [upload];
    if (paused) this.pauseAll(uploads);
    else this.goOnAll(uploads);
  }

  private abort({ id, secret }: Identity): void {
    this.aborted.set(id, secret);
    this.views.road?.send({ kind: "abort", id, reason: "cancelled", secret });
  }

  /** Delete a complete file; the row goes when the server says that it is gone. */
  remove(upload: Upload): void {
    const { id } = upload;
    if (id !== null) this.views.road?.send({ kind: "remove", id });
  }

  /** Take a row away that is only a notice. */
  dismiss(upload: Upload): void {
    this.retries.stop(upload);
    this.uploads.value = this.uploads.value.filter((other) => other !== upload);
  }

  /** The socket has died; with `reconnect`, Bokeh opens another and renders the views anew. */
  connectionLost(): void {
    this.isLost = true;
    this.chunkCap.lost(this.turns.largestSent);
  }

  /** Whether what Python says comes through a notebook's kernel. */
  get isNotebook(): boolean {
    return this.views.road?.isNotebook ?? false;
  }

  /** Whether this page has no way to a kernel, so that waiting is in vain. */
  get isOutOfReach(): boolean {
    return this.views.road?.kernel.isOutOfReach() ?? false;
  }

  /** Whether the page and Python have met. */
  get isOpen(): boolean {
    return this.link !== null;
  }

  /** Whether the page can reach the server, and what it does if not. */
  get connection(): ConnectionState {
    return this.views.road?.reconnection?.state.value ?? "up";
  }

  /** Whether no view has shown it yet. */
  get isNew(): boolean {
    return this.views.road === null;
  }

  get isUploading(): boolean {
    return !this.batches.isEmpty;
  }

  /** Names of files that go to a notebook's kernel, and no output shows any more. */
  get unseen(): string[] {
    const isUnseen = this.isNotebook && !this.views.areShown;
    return isUnseen ? this.batches.open.map(({ source }) => source.name) : [];
  }

  get isBusy(): boolean {
    return !this.kernelIsGone && (!this.isOpen || this.isUploading || this.aborted.size > 0);
  }

  get isUnanswered(): boolean {
    const isUnannounced = this.turns.unanswered.length > 0;
    const isFinishing = [...this.turns.sending].some(
      ({ state }) => state.value.kind === "finishing",
    );
    const isCancelling = this.aborted.size > 0;
    return !this.isOpen || this.window.taken > 0 || isUnannounced || isFinishing || isCancelling;
  }

  /** See whether the kernel is there, or the server. */
  ask(): void {
    const channel = this.views.road;
    if (channel === null || this.connection !== "up") return;
    if (!this.isNotebook) {
      this.probe.ask(channel, this.silence.lasts >= LEFT_AFTER);
      return;
    }
    // An output that is not shown has no kernel either.
    if (this.views.areShown && this.hadKernel && !channel.kernel.exists()) this.forgetKernel();
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
    const channel = this.views.road;
    if (channel === null) return;
    this.hadKernel = channel.kernel.exists();
    this.isLost = false;
    this.link = openLink(channel, this.window, message, this.chunkCap, this.inFlightCap);
    for (const upload of this.batches.begin()) this.turns.drop(upload);
    for (const [id, secret] of this.aborted) this.abort({ id, secret });
    this.closeBatches();
    this.tellRecording();
  }

  /** Tell Python what the recorder does. */
  tellRecording(): void {
    if (this.recorder === null || this.link === null) return;
    this.views.road?.send({ kind: "recording", state: this.recorder.state });
  }

  /** Bytes that a recording may have besides what is there; infinity if there is no limit. */
  get room(): number {
    return room(this.uploads.value, this.settings);
  }

  get settings(): Settings | null {
    return this.views.road?.settings.value ?? null;
  }

  /** Tell a session that has found complete files in its store that their batches are over. */
  private closeBatches(): void {
    const { page } = this;
    const over = new Set(this.completed.map(({ batch }) => batch));
    for (const batch of over) {
      if (this.batches.has(batch)) continue;
      this.views.road?.send({ kind: "create", page, batch, files: [], more: false });
    }
  }

  private created(message: Created): void {
    const { key, id } = message;
    const upload = this.byKey.get(key);
    if (upload?.state.value.kind === "queued") {
      upload.secret = message.secret;
      upload.created(id, message);
      this.byId.set(id, upload);
      remember(this.resumables, this.place, upload, upload.isEmpty);
      if (upload.isPaused.value) this.tellPaused(upload);
    } else if (!upload?.active && key.startsWith(this.page)) this.abort(message);
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
      this.views.road?.send({ kind: "finish", id, attempt, size: upload.size, checksum });
      return;
    }
    upload?.resume(message);
    if (upload !== undefined && this.link !== null && this.turns.sending.has(upload)) {
      this.start(upload, this.link);
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
    const kept = new Set(this.batches.unanswered);
    for (const upload of this.batches.open)
      if (!kept.has(upload)) upload.end({ kind: "cancelled" });
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
      else {
        const isAllowed = code !== "disabled";
        this.notice.value = { kind: "not_removed", name: upload.source.name, isAllowed };
      }
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
    this.turns.drop(upload);
    forget(this.resumables, upload);
    upload.forgotten();
    this.batches.again(upload);
  }

  /** The server could not say which message it refused; only `create` waits for an answer. */
  private refuseUnanswered(failure: Failure): void {
    const { unanswered } = this.turns;
    for (const upload of unanswered) upload.end({ kind: "refused", failure });
    if (unanswered.length === 0) this.notice.value = { kind: "failure", failure };
  }

  /** What the server is asked about: what is under way, and as much as fits of the rest. */
  private known(): KnownUpload[] {
    const known = [...this.turns.told, ...this.completed];
    return known
      .flatMap(({ id, secret, batch }) => (id === null ? [] : { id, secret, batch }))
      .slice(0, MAX_ANNOUNCED);
  }

  /** The widget's in the app: another widget may be for the same file, too. */
  private get place(): string {
    return this.views.road?.place ?? this.views.road?.widget ?? "";
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
  pump(): void {
    const { link } = this;
    if (link === null) return;
    for (const { uploads, message } of this.batches.announce(() => this.turns.room)) {
      this.turns.announced(uploads);
      link.channel.send(message);
    }
    this.turns.start((upload) => this.start(upload, link));
  }

  /** Have it send, and be remembered from now on: it may have waited for long, or been cut off. */
  private start(upload: Upload, link: Link): void {
    remember(this.resumables, this.place, upload, false);
    upload.start(link);
  }

  /** Every end of an upload comes by here, however it ended. */
  private ended(upload: Upload): void {
    this.retries.ended(upload);
    this.turns.drop(upload);
    this.byKey.delete(upload.key);
    forget(this.resumables, upload);
    const batch = this.batches.ended(upload);
    if (batch === undefined) return;
    this.pump(); // the batch may still have to be closed on the server
    const complete = this.batches.close(batch);
    const files = complete.flatMap(({ source: { file }, relativePath }) =>
      file === null ? [] : { file, relativePath },
    );
    if (files.length > 0) this.onBatch(files);
  }

  private dismissEnded(): void {
    this.uploads.value = this.uploads.value.filter(
      (upload) => this.isWaiting(upload) || upload.counts,
    );
  }
}
