/** Which files of a pick are uploaded: those that are allowed besides what is there already. */

import type { Settings } from "./channel";
import { check, type Refusal } from "./limits";
import type { Upload } from "./upload";

const NO_LIMITS = { maxFileSize: null, maxTotalSize: null, multiple: false };

/** Refuse what is not allowed besides what `rows` show, and give the rest. */
export function accept(uploads: Upload[], settings: Settings, rows: Upload[]): Upload[] {
  const count = held(rows, settings.multiple);
  const accepted: Upload[] = [];
  for (const upload of uploads) {
    const tooMany = !settings.multiple && accepted.length > 0;
    const refusal: Refusal | null = tooMany
      ? { code: "too_many_files", limit: 1 }
      : check(settings, upload.source, count);
    if (refusal !== null) {
      upload.end({ kind: "refused", failure: refusal });
      continue;
    }
    accepted.push(upload);
    count.files += 1;
    count.size += upload.size;
  }
  return accepted;
}

/** What counts against the limits besides a new file; a single file takes the old one's place. */
function held(rows: Upload[], multiple: boolean): { files: number; size: number } {
  const counted = rows.filter((upload) => multiple && upload.counts);
  return { files: counted.length, size: counted.reduce((sum, it) => sum + it.size, 0) };
}

/** Bytes that a recording may have besides what is there; infinity if there is no limit. */
export function room(rows: Upload[], settings: Settings | null): number {
  const { maxFileSize, maxTotalSize, multiple } = settings ?? NO_LIMITS;
  const total = (maxTotalSize ?? Infinity) - held(rows, multiple).size;
  return Math.min(maxFileSize ?? Infinity, total);
}
