/** Texts that are put together, or chosen by more than their key. */

import type { RecorderSettings } from "../channel";
import type { Failure } from "../errors";
import type { Limits } from "../limits";
import type { ConnectionState } from "../reconnect";
import type { Remark } from "../recorder";
import type { Language, TextKey } from "./language";

/** Say what the button chooses. */
export function chooseText({ text }: Language, multiple: boolean, directory: boolean): string {
  return text(directory ? "choose_folder" : multiple ? "choose_files" : "choose_file");
}

/** Say what may be dropped. */
export function dropText({ text }: Language, multiple: boolean, directory: boolean): string {
  return text(directory ? "drop_folder" : multiple ? "drop_files" : "drop_file");
}

export const CONNECTION = {
  reconnecting: "reconnecting",
  lost: "connection_lost",
  refused: "connection_refused",
} as const satisfies Record<Exclude<ConnectionState, "up">, TextKey>;

/** Say why nothing is recorded, or not any more. */
export function remarkText(
  { text }: Language,
  remark: Remark,
  source: RecorderSettings["source"],
): string {
  switch (remark) {
    case "denied":
      return text(`denied_${source}`);
    case "no_device":
      return text(`no_${source}`);
    case "in_use":
      return text(`${source}_in_use`);
    default:
      return text(REMARKS[remark]);
  }
}

const REMARKS = {
  insecure: "insecure",
  unsupported: "unsupported",
  not_clicked: "not_clicked",
  broken: "recorder_broken",
  full: "ended_full",
  limit: "ended_limit",
  lost_device: "ended_device",
} as const satisfies Record<Exclude<Remark, "denied" | "no_device" | "in_use">, TextKey>;

/** Give a file's name without what is not seen, or would turn the text around it. */
export function nameText({ text }: Language, name: string): string {
  return name.replace(/[\p{Control}\p{Bidi_Control}]/gu, "") || text("unnamed");
}

/**
 * Say what may be uploaded, or nothing if anything may. `several`: more than one file may be, and
 * `held` is what is there already.
 */
export function limitsText(
  language: Language,
  limits: Limits,
  several: boolean,
  held: Held = NOTHING,
): string {
  const { text, bytes, number, limitBytes } = language;
  const { accept, maxFileSize, maxTotalSize, maxFiles } = limits;
  const most = Math.min(maxFileSize ?? Infinity, maxTotalSize ?? Infinity);
  const withLeft = (limit: string, left: string) =>
    held.files === 0 ? limit : text("limit_left", { limit, left });
  const atMost = (key: TextKey, size: number) => text(key, { size: limitBytes(size) });
  const sizes: string[] = [];
  if (several && maxFiles !== null) {
    const left = Math.max(0, maxFiles - held.files);
    sizes.push(withLeft(text("limit_files", { count: maxFiles }), number(left)));
  }
  if (several && maxFileSize !== null) sizes.push(atMost("limit_size_each", maxFileSize));
  if (several && maxTotalSize !== null) {
    const left = Math.max(0, maxTotalSize - held.size);
    sizes.push(withLeft(atMost("limit_total", maxTotalSize), bytes(left)));
  }
  if (!several && most < Infinity) sizes.push(atMost("limit_size", most));
  const unbroken = sizes.map((part) => part.replaceAll(" ", "\u00a0"));
  const parts = accept.length > 0 ? [kinds(language, accept), ...unbroken] : unbroken;
  return parts.join("\u00a0· "); // a line may end with the dot, and begins with none
}

/** Files and their bytes. */
interface Held {
  files: number;
  size: number;
}

const NOTHING: Held = { files: 0, size: 0 };

/** Say what went wrong and what to do; in English as the server, see panel_chunked/limits.py. */
export function failureText(language: Language, failure: Failure): string {
  const { text, bytesApart } = language;
  if ("message" in failure) return serverText(language, failure);
  switch (failure.code) {
    case "not_accepted":
      return text(failure.code, { kinds: kinds(language, failure.accept) });
    case "file_too_large":
    case "total_too_large": {
      const [size, limit] = bytesApart(failure.size, failure.limit);
      return text(failure.code, { size, limit });
    }
    case "too_many_files":
      return text(failure.code, { count: failure.limit });
    default:
      return text(failure.code);
  }
}

/** A code that is not known here is one of a newer server. */
function serverText({ text }: Language, { code, message }: { code: string; message: string }) {
  return text(`server_${code}` as TextKey, { message }) || message; // English has none
}

function kinds({ text, isolate }: Language, accept: string[]): string {
  const named = accept.map((kind) =>
    Object.hasOwn(WILDCARDS, kind)
      ? text(WILDCARDS[kind as keyof typeof WILDCARDS])
      : isolate(kind),
  );
  return named.join(text("separator"));
}

const WILDCARDS = {
  "image/*": "images",
  "video/*": "videos",
  "audio/*": "audio",
  "text/*": "text_files",
} as const satisfies Record<string, TextKey>;
