/** Every text that the page shows. */

import type { RecorderSettings } from "../channel";
import type { Kind } from "../devices";
import { ADVICE, type Failure } from "../errors";
import type { Limits } from "../limits";
import type { ConnectionState } from "../reconnect";
import type { Remark } from "../recorder";
import type { UploadState } from "../upload";
import { bytes, bytesApart, limitBytes } from "./format";

export const texts = {
  choose: (multiple: boolean, directory: boolean) =>
    directory ? "Choose folder" : multiple ? "Choose files" : "Choose file",
  dropHint: (multiple: boolean, directory: boolean) =>
    `or drop ${directory ? "a folder" : multiple ? "files" : "a file"} here`,
  dropNow: "Drop to upload",
  dropRefused: "This kind of file is not accepted",
  disabled: "Not available at the moment",
  left: (limit: string, left: string) => `${limit} (${left} left)`,
  cancel: (name: string) => `Cancel the upload of ${name}`,
  pause: (name: string) => `Pause the upload of ${name}`,
  remove: (name: string) => `Remove ${name}`,
  retry: (name: string) => `Retry ${name}`,
  tryingAgain: (seconds: number) => `Trying again in ${seconds}\u00a0s`,
  dismiss: (name: string) => `Dismiss the message about ${name}`,
  description: "More about this",
  unreadable: "The drop could not be read. Use the button to choose the files.",
  filesDone: (done: number, count: number) =>
    `${done} of ${count} ${count === 1 ? "file" : "files"}`,
  filesInAll: (count: number, size: string) =>
    `${count === 1 ? "1 file" : `${count} files`}, ${size}`,
  countFailed: (count: number) => `${count} failed`,
  pauseAll: "Pause all uploads",
  goOnAll: "Go on with all uploads",
  cancelAll: "Cancel all uploads",
  retryAll: "Retry all that failed",
  removeAll: "Remove all files",
  reallyRemoveAll: "Remove all files from the server?",
  yesRemoveAll: "Remove",
  keepAll: "Keep",
  more: (count: number) => (count === 1 ? "Show 1 more file" : `Show ${count} more files`),
  fewer: "Show fewer files",
  unnamed: "File without a name",
  files: "Files",
  status: {
    queued: "Waiting",
    created: "Waiting",
    checking: "Checking what is stored already",
    running: "Uploading",
    finishing: "Finishing",
    complete: "Uploaded",
    cancelled: "Cancelled",
  } satisfies Record<Exclude<UploadState["kind"], "refused" | "failed">, string>,
  notEnded: "Uploads that were begun and not ended",
  begun: "Its upload was begun and not ended.",
  chooseAgain: "Choose it again to go on.",
  goOn: "Go on",
  goOnWith: (name: string) => `Go on with the upload of ${name}`,
  forget: (name: string) => `Forget the upload of ${name}`,
  storedOf: (stored: string, size: string) => `${stored} of ${size}`,
  timeLeft: (duration: string) => `${duration} left`,
  resumed: (at: string) => `Went on from ${at}`,
  held: (isNotebook: boolean) => `as fast as the ${isNotebook ? "kernel" : "server"} takes it`,
  enough: (stored: string) => `Complete, the app needed no more than ${stored}`,
  waiting: (isNotebook: boolean) => `Waiting for the ${isNotebook ? "kernel" : "server"}`,
  noAnswer: (isNotebook: boolean) =>
    isNotebook
      ? "Waiting for the kernel. If it is not running, run this cell again."
      : "Waiting for the server.",
  connection: {
    reconnecting: "The connection is lost. Reconnecting",
    lost: "The connection to the server is lost. Reload the page, then choose the file again.",
    refused:
      "The page was away for too long, and the server does not take it back. " +
      "Reload the page, then choose the file again.",
  } satisfies Record<Exclude<ConnectionState, "up">, string>,
  outOfReach:
    "Panel's usual connection to the kernel does not work in Voilà. Install jupyter_bokeh, and " +
    'write pn.extension(comms="ipywidgets") in the notebook.',
  unseen: (names: string[]) =>
    names.length === 1
      ? `No cell shows the upload of ${nameText(names[0] ?? "")} any more. It is cancelled in half ` +
        "a minute; to upload it here, choose it again."
      : `No cell shows the uploads of ${names.length} files any more. They are cancelled in half ` +
        "a minute; to upload them here, choose them again.",
  classicNotebook:
    "Uploads do not work in the classic notebook, whose connection carries no bytes. " +
    "Open this notebook in JupyterLab or Notebook 7.",
  refused: "Refused",
  failed: "Failed",
  recorder: "Recorder",
  record: {
    microphone: "Record sound",
    camera: "Record video",
    screen: "Record screen",
  } satisfies Record<RecorderSettings["source"], string>,
  pauseRecording: "Pause",
  recordOn: "Go on",
  stop: "Stop",
  stopAsking: "Cancel",
  asking: "Allow it where the browser asks",
  recording: "Recording",
  paused: "Paused",
  full: "Paused until more is sent: the connection is slower than the recording",
  unconnected: "The connection is lost. What is recorded waits in this page",
  cutOff: "The connection to the server is lost, and with it what was not sent of the recording",
  sendingLast: "The last recording is still being sent",
  level: "Level",
  preview: "What is recorded",
  device: {
    audioinput: "Microphone",
    videoinput: "Camera",
  } satisfies Record<Kind, string>,
};

/** Say why nothing is recorded, or not any more. */
export function remarkText(remark: Remark, source: RecorderSettings["source"]): string {
  const device = source === "camera" ? "camera and the microphone" : source;
  switch (remark) {
    case "denied":
      return source === "screen"
        ? "Nothing was chosen, or the browser does not allow this page to record the screen."
        : `The browser does not allow this page to use the ${device}. ` +
            "Allow it in the browser's settings for this page, then try again.";
    case "no_device":
      return `No ${source} was found. Connect one or choose another, then try again.`;
    case "in_use":
      return `The ${source} cannot be used, perhaps as another app does. Close that, then try again.`;
    case "insecure":
      return "Browsers record only on pages from HTTPS or localhost. Open this page from there.";
    case "unsupported":
      return "This browser cannot record here. Try another one.";
    case "not_clicked":
      return "The browser shares the screen only after a click. Press the button.";
    case "broken":
      return "The browser could not record, or not go on. What was recorded is kept.";
    case "full":
      return "The recording has ended: the connection is too slow for it. What was recorded is kept.";
    case "limit":
      return "The recording has ended: it is as large as is allowed. What was recorded is kept.";
    case "lost_device":
      return "The recording has ended: its device is gone, or is shared no more. It is kept.";
  }
}

/** Give a file's name without what is not seen, or would turn the text around it. */
export function nameText(name: string): string {
  return name.replace(/[\p{Control}\p{Bidi_Control}]/gu, "") || texts.unnamed;
}

/**
 * Say what may be uploaded, or nothing if anything may. `several`: more than one file may be, and
 * `held` is what is there already.
 */
export function limitsText(limits: Limits, several: boolean, held: Held = NOTHING): string {
  const { accept, maxFileSize, maxTotalSize, maxFiles } = limits;
  const most = Math.min(maxFileSize ?? Infinity, maxTotalSize ?? Infinity);
  const sizes = several
    ? [
        maxFiles !== null && withLeft(`up to ${maxFiles} files`, filesLeft(maxFiles, held)),
        maxFileSize !== null && `up to ${limitBytes(maxFileSize)} each`,
        maxTotalSize !== null &&
          withLeft(`${limitBytes(maxTotalSize)} in all`, sizeLeft(maxTotalSize, held)),
      ]
    : [most < Infinity && `up to ${limitBytes(most)}`];
  const unbroken = sizes.flatMap((part) => (part ? part.replaceAll(" ", "\u00a0") : []));
  const parts = accept.length > 0 ? [kinds(accept), ...unbroken] : unbroken;
  return parts.join("\u00a0· "); // a line may end with the dot, and begins with none
}

/** Files and their bytes. */
interface Held {
  files: number;
  size: number;
}

const NOTHING: Held = { files: 0, size: 0 };

function withLeft(limit: string, left: string | null): string {
  return left === null ? limit : texts.left(limit, left);
}

function filesLeft(maxFiles: number, { files }: Held): string | null {
  return files === 0 ? null : String(Math.max(0, maxFiles - files));
}

function sizeLeft(maxTotalSize: number, { files, size }: Held): string | null {
  return files === 0 ? null : bytes(Math.max(0, maxTotalSize - size));
}

/** Say what went wrong and what to do; the server says the same, see panel_chunked/limits.py. */
export function failureText(failure: Failure): string {
  return "message" in failure
    ? failure.message
    : `${whatHappened(failure)} ${ADVICE[failure.code]}`;
}

function whatHappened(failure: Exclude<Failure, { message: string }>): string {
  switch (failure.code) {
    case "not_accepted":
      return `This kind of file is not accepted. Accepted: ${kinds(failure.accept)}.`;
    case "file_too_large":
      return `The file has ${tooMuch(failure)}`;
    case "total_too_large":
      return `All files together would have ${tooMuch(failure)}`;
    case "too_many_files":
      return failure.limit === 1
        ? "Only one file can be uploaded here."
        : `At most ${failure.limit} files are allowed.`;
    case "changed":
      return "The file was changed since its upload was begun.";
    case "kernel_restarted":
      return "The kernel was restarted.";
    case "recording_gone":
      return "What was sent of the recording is not on the server any more.";
    case "unreadable":
      return "The file could not be read: it was changed, moved or deleted.";
  }
}

function tooMuch({ size, limit }: { size: number; limit: number }): string {
  const [has, most] = bytesApart(size, limit);
  return `${has}; at most ${most} is allowed.`;
}

function kinds(accept: string[]): string {
  return accept.map((kind) => WILDCARDS[kind] ?? kind).join(", ");
}

const WILDCARDS: Record<string, string> = {
  "image/*": "images",
  "video/*": "videos",
  "audio/*": "audio",
  "text/*": "text files",
};
