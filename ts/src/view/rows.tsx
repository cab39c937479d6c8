/** A row for each file, of many only those that matter most. */

import { useSignal } from "@preact/signals";
import type { UploadQueue } from "../queue";
import type { Upload, UploadState } from "../upload";
import { useLanguage } from "./language";
import { FEW_ROWS, More } from "./more";
import { Row } from "./row";

interface RowsProps {
  queue: UploadQueue;
  focusButton: () => void;
  /** What is shown elsewhere. */
  without?: Upload | null;
}

export function Rows({ queue, focusButton, without = null }: RowsProps) {
  const uploads = queue.uploads.value.filter((upload) => upload !== without);
  const { text } = useLanguage();
  const count = useSignal(FEW_ROWS);
  if (uploads.length === 0) return null;
  const shown = visible(uploads, count.value);
  return (
    <>
      <ul class="rows" aria-label={text("files")}>
        {shown.map((upload) => (
          <Row key={upload.key} upload={upload} queue={queue} focusButton={focusButton} />
        ))}
      </ul>
      <More count={count} total={uploads.length} />
    </>
  );
}

/**
 * Of many, what runs, then what went wrong, what waits, and the latest of the rest; in the order of
 * the pick, so that no row jumps over another.
 */
function visible(uploads: Upload[], count: number): Upload[] {
  if (uploads.length <= count) return uploads;
  const those = (...kinds: UploadState["kind"][]) =>
    uploads.filter(({ state }) => kinds.includes(state.value.kind));
  const urgent = [
    ...those("running", "finishing"),
    ...those("refused", "failed", "cancelled"),
    ...those("created", "queued"),
    ...those("complete").reverse(),
  ];
  const shown = new Set(urgent.slice(0, count));
  return uploads.filter((upload) => shown.has(upload));
}
