/** Every text that the page shows. */

import type { Limits } from "../limits";
import type { Failure, UploadState } from "../upload";
import { bytes } from "./format";

export const texts = {
  choose: (multiple: boolean, directory: boolean) =>
    directory ? "Choose folder" : multiple ? "Choose files" : "Choose file",
  dropHint: (multiple: boolean, directory: boolean) =>
    `or drop ${directory ? "a folder" : multiple ? "files" : "a file"} here`,
  dropNow: "Drop to upload",
  disabled: "Not available at the moment",
  cancel: (name: string) => `Cancel the upload of ${name}`,
  remove: (name: string) => `Remove ${name}`,
  dismiss: (name: string) => `Dismiss the message about ${name}`,
  description: "More about this",
  unreadable: "The drop could not be read. Use the button to choose the files.",
  more: (count: number) => (count === 1 ? "and 1 more file" : `and ${count} more files`),
  files: "Files",
  status: {
    queued: "Waiting",
    created: "Waiting",
    running: "Uploading",
    finishing: "Finishing",
    complete: "Uploaded",
    cancelled: "Cancelled",
  } satisfies Record<Exclude<UploadState["kind"], "refused" | "failed">, string>,
  refused: "Refused",
  failed: "Failed",
};

/** Say what may be uploaded, or nothing if anything may. */
export function limitsText(limits: Limits, multiple: boolean): string {
  const { accept, maxFileSize, maxTotalSize, maxFiles } = limits;
  const parts = [
    accept.length > 0 && kinds(accept),
    multiple && maxFiles !== null && `up to ${maxFiles} ${maxFiles === 1 ? "file" : "files"}`,
    maxFileSize !== null && `up to ${bytes(maxFileSize)}${multiple ? " each" : ""}`,
    maxTotalSize !== null && multiple && `${bytes(maxTotalSize)} in all`,
  ];
  return parts.filter((part) => part !== false).join(" · ");
}

/** Say what went wrong and what to do. */
export function failureText(failure: Failure): string {
  if ("message" in failure) return failure.message;
  switch (failure.code) {
    case "not_accepted":
      return `This kind of file is not accepted. Accepted: ${kinds(failure.accept)}.`;
    case "file_too_large":
      return `The file has ${bytes(failure.size)}; at most ${bytes(failure.limit)} are allowed.`;
    case "total_too_large":
      return `All files together would have ${bytes(failure.size)}; at most ${bytes(failure.limit)} are allowed.`;
    case "too_many_files":
      return failure.limit === 1
        ? "Only one file can be uploaded here."
        : `At most ${failure.limit} files are allowed.`;
    case "unreadable":
      return "The file could not be read: it was changed, moved or deleted. Choose it again.";
  }
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
