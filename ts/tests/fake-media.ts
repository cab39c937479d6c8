/** Microphones and recorders that do what a test says. */

import { vi } from "vitest";

export class FakeTrack extends EventTarget {
  isStopped = false;

  constructor(readonly kind: "audio" | "video") {
    super();
  }

  stop(): void {
    this.isStopped = true;
  }

  /** As when the device is unplugged. */
  end(): void {
    this.dispatchEvent(new Event("ended"));
  }
}

export class FakeStream {
  readonly tracks: FakeTrack[];

  constructor(...kinds: ("audio" | "video")[]) {
    this.tracks = kinds.map((kind) => new FakeTrack(kind));
  }

  getTracks(): FakeTrack[] {
    return this.tracks;
  }

  getAudioTracks(): FakeTrack[] {
    return this.tracks.filter(({ kind }) => kind === "audio");
  }
}

export class FakeMediaRecorder {
  static made: FakeMediaRecorder[] = [];
  static types = ["audio/webm;codecs=opus", "video/webm"];
  static isTypeSupported = (type: string) => FakeMediaRecorder.types.includes(type);

  state: "inactive" | "recording" | "paused" = "inactive";
  ondataavailable: ((event: { data: Blob }) => void) | null = null;
  onstop: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly mimeType: string;
  /** What comes when it is stopped. */
  rest: BlobPart = "";

  constructor(
    readonly stream: FakeStream,
    readonly options: { mimeType?: string } = {},
  ) {
    this.mimeType = options.mimeType ?? "";
    FakeMediaRecorder.made.push(this);
  }

  start(): void {
    this.state = "recording";
  }

  pause(): void {
    this.state = "paused";
  }

  resume(): void {
    this.state = "recording";
  }

  stop(): void {
    if (this.state === "inactive") throw new DOMException("it is over", "InvalidStateError");
    this.state = "inactive";
    queueMicrotask(() => {
      this.give(this.rest);
      this.onstop?.();
    });
  }

  give(data: BlobPart): void {
    this.ondataavailable?.({ data: new Blob([data]) });
  }
}

/** The latest. */
export function lastRecorder(): FakeMediaRecorder {
  const last = FakeMediaRecorder.made.at(-1);
  if (last === undefined) throw new Error("Nothing records.");
  return last;
}

/** Give the page devices; `open` is what a question for permission comes to. */
export function stubMedia(open: () => Promise<FakeStream>, devices: object[] = []) {
  FakeMediaRecorder.made = [];
  const asked: unknown[] = [];
  const ask = (constraints: unknown) => {
    asked.push(constraints);
    return open();
  };
  const mediaDevices = {
    getUserMedia: ask,
    getDisplayMedia: ask,
    enumerateDevices: async () => devices,
    addEventListener: () => undefined,
  };
  vi.stubGlobal("navigator", { mediaDevices });
  vi.stubGlobal("MediaRecorder", FakeMediaRecorder);
  const page = new EventTarget();
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  return { asked, page };
}
