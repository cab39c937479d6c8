/** A row for each file, of many only those that matter most. */

import type { UploadQueue } from "../queue";
import type { Upload } from "../upload";
import { useLanguage } from "./language";
import { List } from "./list";
import { Row } from "./row";

interface RowsProps {
  queue: UploadQueue;
  /** What is shown elsewhere. */
  without?: Upload | null;
}

export function Rows({ queue, without = null }: RowsProps) {
  const { text } = useLanguage();
  const uploads = queue.uploads.value;
  return (
    <List
      label={text("files")}
      items={without === null ? uploads : uploads.filter((upload) => upload !== without)}
      few={(count) => mostUrgent(queue, count, without)}
      row={(upload) => <Row key={upload.key} upload={upload} queue={queue} />}
    />
  );
}

/**
 * What runs, then what went wrong, what waits, and the latest of the rest; in the order of the
 * pick, so that no row jumps over another.
 */
function mostUrgent(queue: UploadQueue, count: number, without: Upload | null): Upload[] {
  const { running, ended, waiting, complete } = queue.totals.value;
  const urgent = [running, ended, waiting, complete.slice(-count - 1).reverse()]
    .flatMap((those) => those.slice(0, count + 1))
    .filter((upload) => upload !== without);
  const shown = new Set(urgent.slice(0, count));
  return queue.uploads.value.filter((upload) => shown.has(upload));
}
