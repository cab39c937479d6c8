/** Microphones, cameras and screens: how they are opened, chosen, and what may be in the way. */

import type { RecorderSettings } from "./channel";

type SourceName = RecorderSettings["source"];

/** Why nothing can be recorded. */
export type Obstacle =
  | "denied"
  | "no_device"
  | "in_use"
  | "insecure"
  | "unsupported"
  | "not_clicked"
  | "broken";

/** What the user may choose. */
export type Kind = "audioinput" | "videoinput";

export interface Device {
  id: string;
  label: string;
}

export type Devices = Record<Kind, Device[]>;

/** Ids of what the user has chosen. */
export type Chosen = Partial<Record<Kind, string>>;

export const NO_DEVICES: Devices = { audioinput: [], videoinput: [] };

/** What may be chosen for a source; a browser has its own dialog for the screen. */
export const KINDS: Record<SourceName, Kind[]> = {
  microphone: ["audioinput"],
  camera: ["videoinput", "audioinput"],
  screen: [],
};

/** Say what is in the way before anybody is asked, if anything is. */
export function obstacle(source: SourceName): Obstacle | null {
  const devices: Partial<MediaDevices> | undefined = navigator.mediaDevices;
  if (devices === undefined) return isSecureContext ? "unsupported" : "insecure";
  const opens = source === "screen" ? devices.getDisplayMedia : devices.getUserMedia;
  return opens === undefined || !("MediaRecorder" in globalThis) ? "unsupported" : null;
}

/** Ask for what is to be recorded. It throws what `obstacleOf` knows. */
export async function openStream(source: SourceName, chosen: Chosen): Promise<MediaStream> {
  const devices = navigator.mediaDevices;
  if (source === "screen") return devices.getDisplayMedia({ video: true, audio: true });
  const audio = constraint(chosen.audioinput);
  if (source === "microphone") return devices.getUserMedia({ audio });
  const video = constraint(chosen.videoinput);
  try {
    return await devices.getUserMedia({ audio, video });
  } catch (error) {
    if (obstacleOf(error) !== "no_device" || chosen.audioinput !== undefined) throw error;
    return devices.getUserMedia({ video }); // a camera without a microphone
  }
}

function constraint(id: string | undefined): true | MediaTrackConstraints {
  return id === undefined ? true : { deviceId: { exact: id } };
}

const OBSTACLES: Record<string, Obstacle> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "no_device",
  OverconstrainedError: "no_device", // the chosen one is not there any more
  NotReadableError: "in_use",
  AbortError: "in_use",
  InvalidStateError: "not_clicked", // Python asked for the screen, and not the user
  InvalidAccessError: "not_clicked", // so says Safari
  NotSupportedError: "unsupported",
};

/** Say what is in the way: https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia */
export function obstacleOf(error: unknown): Obstacle {
  return (error instanceof Error && OBSTACLES[error.name]) || "broken";
}

/** Give the devices whose names the browser tells: those of a kind that it was allowed to use. */
export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const ofKind = (kind: Kind) =>
    all
      .filter((it) => it.kind === kind && it.label !== "")
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { audioinput: ofKind("audioinput"), videoinput: ofKind("videoinput") };
}

const TYPES = {
  audio: ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"],
  video: ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"],
};

/**
 * Give what is recorded: what is `wanted` if the browser can, or else the first that it can. A type
 * of sound is none for a picture, nor the other way round, which a browser may not say.
 */
export function supportedType(source: SourceName, wanted: string | null): string {
  const kind = source === "microphone" ? "audio" : "video";
  const types = TYPES[kind];
  const tried = wanted?.startsWith(`${kind}/`) ? [wanted, ...types] : types;
  return tried.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
}

const EXTENSIONS: Record<string, string> = { webm: "webm", ogg: "ogg", mp4: "mp4" };

/** Name a recording after the time at which it was begun, where the user is. */
export function recordingName(type: string, begun: Date): string {
  const [date, time] = new Date(begun.getTime() - begun.getTimezoneOffset() * 60_000)
    .toISOString()
    .split(/[T.]/);
  const [, container = ""] = /^\w+\/(?:x-)?(\w+)/.exec(type) ?? [];
  const extension = EXTENSIONS[container] ?? (container === "matroska" ? "mkv" : "bin");
  return `recording-${date}-${time?.replaceAll(":", "")}.${extension}`;
}
