/** What can go wrong; docs/errors.md and panel_chunked/errors.py have the same codes. */

import type { Refusal } from "./limits";

/** What went wrong: said by the server, or found in the page. */
export type Failure =
  | Refusal
  | { code: "unreadable" | "changed" | "kernel_restarted" | "recording_gone" }
  | { code: string; message: string };

/** Whether an upload is tried again that has failed so: it may heal, soon or when somebody acts. */
type Retry = "no" | "by the button" | "by itself";

export const RETRIES = {
  app_error: "by the button",
  bad_message: "no",
  busy: "by itself",
  changed: "by the button",
  checksum_mismatch: "by the button",
  disabled: "by the button",
  file_exists: "no",
  file_too_large: "no",
  kernel_restarted: "no",
  not_accepted: "no",
  over_size: "no",
  page_gone: "by the button",
  recording_gone: "no",
  refused: "no",
  storage: "by the button",
  storage_full: "by itself",
  taken_over: "no",
  too_many_files: "by the button",
  total_too_large: "by the button",
  unknown_upload: "by the button",
  unreadable: "by the button",
} as const satisfies Record<string, Retry>;

/** A code that is not known here is one of a newer server. */
export function retryOf({ code }: Failure): Retry {
  return Object.hasOwn(RETRIES, code) ? RETRIES[code as keyof typeof RETRIES] : "no";
}
