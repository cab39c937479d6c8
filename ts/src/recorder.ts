/** Records in this page, and has it sent meanwhile. It outlives the view, as uploads do. */

import { effect, type Signal, signal } from "@preact/signals";
import type { RecorderSettings } from "./channel";
import {
  type Chosen,
  type Devices,
  type Kind,
  listDevices,
  NO_DEVICES,
  type Obstacle,
  obstacle,
  obstacleOf,
  openStream,
  recordingName,
  supportedType,
} from "./devices";
import type { RecordAction } from "./protocol";
import type { UploadQueue } from "./queue";
import { Recording } from "./recording";
import { Stopwatch } from "./stopwatch";
import type { Upload } from "./upload";

/** Milliseconds of what is recorded that come at once. */
const SLICE = 250;

/** Milliseconds between two looks at the time. */
const TICK = 250;

export type RecorderState =
  | { kind: "idle" }
  /** The browser asks the user for permission. */
  | { kind: "asking" }
  | { kind: "recording" }
  /** `isFull`: until less waits to be sent; else until the user goes on. */
  | { kind: "paused"; isFull: boolean };

/** What the page says of a recording that could not begin, or ended by itself. */
export type Remark = Obstacle | "full" | "limit" | "lost_device";

/** What is recorded now. */
interface Take {
  stream: MediaStream;
  media: MediaRecorder;
  recording: Recording;
  upload: Upload;
  settings: RecorderSettings;
  /** Bytes of the largest part; one or two more of these may come after it was paused or stopped. */
  largest: number;
  unwatch: () => void;
}

export class Recorder {
  readonly now: Signal<RecorderState> = signal({ kind: "idle" });
  readonly remark: Signal<Remark | null> = signal(null);
  readonly devices: Signal<Devices> = signal(NO_DEVICES);
  readonly chosen: Signal<Chosen> = signal({});
  readonly take: Signal<Take | null> = signal(null);
  /** Milliseconds recorded. */
  readonly elapsed = signal(0);

  private readonly watch = new Stopwatch();
  private timer: ReturnType<typeof setInterval> | undefined;
  /** Counts the questions for permission; the answer to an earlier one comes too late. */
  private asked = 0;

  constructor(private readonly queue: UploadQueue) {
    queue.recorder = this;
    void this.look();
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.look());
  }

  get state(): "inactive" | "recording" | "paused" {
    const { kind } = this.now.peek();
    return kind === "recording" || kind === "paused" ? kind : "inactive";
  }

  /** Whether a recording may begin: without `multiple`, it would end the upload of the last one. */
  get canStart(): boolean {
    const { settings } = this.queue;
    if (settings === null || settings.disabled || this.now.value.kind !== "idle") return false;
    return settings.multiple || this.queue.uploads.value.every(({ active }) => !active);
  }

  command(action: RecordAction): void {
    if (action === "stop") this.stop();
    else if (action === "pause") this.pause();
    else if (this.now.peek().kind === "paused") this.goOn();
    else void this.start();
  }

  choose(kind: Kind, id: string): void {
    this.chosen.value = { ...this.chosen.value, [kind]: id };
  }

  async start(): Promise<void> {
    const settings = this.queue.settings?.recorder;
    if (!settings || !this.canStart) return;
    this.remark.value = obstacle(settings.source);
    if (this.remark.value !== null) return;
    this.asked += 1;
    const { asked } = this;
    this.set({ kind: "asking" });
    try {
      const stream = await openStream(settings.source, this.chosen.value);
      if (asked !== this.asked) close(stream);
      else this.begin(stream, settings);
    } catch (error) {
      if (asked === this.asked) this.end(obstacleOf(error));
    }
    void this.look(); // with the permission, devices have names
  }

  pause(): void {
    if (this.state !== "inactive") this.halt(false);
  }

  /** Go on after a pause. What is full goes on by itself. */
  goOn(): void {
    const take = this.take.peek();
    const now = this.now.peek();
    if (take === null || now.kind !== "paused" || now.isFull) return;
    if (this.isFull(take)) this.set({ kind: "paused", isFull: true });
    else this.run(take);
  }

  /** End the recording, or take back the question for permission. */
  stop(): void {
    if (this.now.peek().kind === "asking") this.end(null);
    else this.finish(null);
  }

  private begin(stream: MediaStream, settings: RecorderSettings): void {
    const take = this.open(stream, settings);
    if (take === null) return;
    this.take.value = take;
    this.watch.reset();
    this.run(take);
    warnOfLeaving(take.upload);
    take.unwatch = effect(() => {
      if (!take.upload.active) this.abandon(take);
    });
  }

  /** Begin to record, and to send. */
  private open(stream: MediaStream, settings: RecorderSettings): Take | null {
    let media: MediaRecorder;
    const mimeType = supportedType(settings.source, settings.mediaType);
    try {
      media = new MediaRecorder(stream, {
        ...(mimeType && { mimeType }),
        ...(settings.audioBitsPerSecond && { audioBitsPerSecond: settings.audioBitsPerSecond }),
        ...(settings.videoBitsPerSecond && { videoBitsPerSecond: settings.videoBitsPerSecond }),
      });
      media.start(SLICE);
    } catch (error) {
      close(stream);
      throw error;
    }
    const type = media.mimeType || mimeType;
    const recording = new Recording(recordingName(type, new Date()), type, this.queue.room);
    const upload = this.queue.record(recording);
    const unwatch = () => undefined;
    const take = { stream, media, recording, upload, settings, largest: 0, unwatch };
    if (!upload.active) {
      this.release(take);
      this.end(null);
      return null;
    }
    this.listen(take);
    return take;
  }

  private listen(take: Take): void {
    const { stream, media, recording } = take;
    media.ondataavailable = ({ data }) => this.add(take, data);
    media.onstop = () => this.stopped(take);
    media.onerror = () => this.finish("broken");
    // A device that is unplugged, or the browser's own button to share no more.
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => this.finish("lost_device"));
    }
    recording.onRelease = () => {
      const now = this.now.peek();
      const isWaiting = now.kind === "paused" && now.isFull;
      if (isWaiting && recording.waiting <= take.settings.maxWaiting / 2) this.run(take);
    };
  }

  private add(take: Take, data: Blob): void {
    const { recording, settings } = take;
    recording.add(data);
    take.largest = Math.max(take.largest, data.size);
    if (this.state !== "recording") return;
    if (recording.room < 2 * take.largest) this.finish("limit");
    else if (!this.isFull(take)) return;
    else if (settings.whenFull === "stop") this.finish("full");
    else this.halt(true);
  }

  private isFull({ recording, settings, largest }: Take): boolean {
    return recording.waiting > 0 && recording.waiting + largest > settings.maxWaiting;
  }

  private run({ media }: Take): void {
    if (media.state === "paused") media.resume();
    this.watch.start();
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), TICK);
    this.tick();
    this.set({ kind: "recording" });
  }

  private halt(isFull: boolean): void {
    const { media } = this.take.peek() ?? {};
    if (media?.state === "recording") media.pause();
    this.rest();
    this.set({ kind: "paused", isFull });
  }

  private rest(): void {
    this.watch.stop();
    clearInterval(this.timer);
    this.tick();
  }

  private tick(): void {
    this.elapsed.value = this.watch.elapsed;
  }

  /** End the recording; what is not read out yet comes before `stopped`. */
  private finish(remark: Remark | null): void {
    const take = this.take.peek();
    if (take === null) return;
    if (remark !== null) this.remark.value = remark;
    this.rest();
    if (take.media.state !== "inactive") take.media.stop(); // else `stopped` is about to come
  }

  /** All of it has come, whoever has ended it. */
  private stopped(take: Take): void {
    take.recording.end();
    this.leave(take);
  }

  /** Its upload has failed or was cancelled: nothing of it is sent any more. */
  private abandon(take: Take): void {
    if (this.take.peek() === take) this.stopped(take);
  }

  private leave(take: Take): void {
    this.release(take);
    if (this.take.peek() !== take) return;
    this.rest();
    this.take.value = null;
    this.end(this.remark.peek());
  }

  private release({ media, stream, unwatch }: Take): void {
    unwatch();
    media.ondataavailable = media.onstop = media.onerror = null;
    if (media.state !== "inactive") media.stop();
    close(stream);
  }

  private end(remark: Remark | null): void {
    this.asked += 1;
    this.remark.value = remark;
    this.set({ kind: "idle" });
  }

  private set(state: RecorderState): void {
    const before = this.state;
    this.now.value = state;
    if (this.state !== before) this.queue.tellRecording();
  }

  private async look(): Promise<void> {
    const devices = await listDevices().catch(() => NO_DEVICES);
    const isThere = (kind: Kind) => devices[kind].some(({ id }) => id === this.chosen.value[kind]);
    const kinds = (Object.keys(this.chosen.value) as Kind[]).filter(isThere);
    this.chosen.value = Object.fromEntries(kinds.map((kind) => [kind, this.chosen.value[kind]]));
    this.devices.value = devices;
  }
}

/** Have the browser ask before the page is left, as long as some of a recording is only here. */
function warnOfLeaving(upload: Upload): void {
  const ask = (event: BeforeUnloadEvent) => {
    event.returnValue = true; // Chrome before 119 does not mind that it is prevented
  };
  effect(() => {
    if (!upload.active) return undefined;
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  });
}

function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
