/** Files that were picked together, and how the server is told of them. */

import { uniqueKey } from "./key";
import type { ClientMessage } from "./protocol";
import type { Upload } from "./upload";

/** Files in one `create` message. */
const FILES_IN_MESSAGE = 100;

/** Bytes of a `create` message, which a server that takes little takes as well. */
const MAX_MESSAGE_SIZE = 16 * 1024;

/** Files picked together. */
export interface Batch {
  readonly key: string;
  readonly uploads: Upload[];
  /** What the server has not been told of. */
  waiting: Upload[];
  /** What has not ended. */
  readonly open: Set<Upload>;
  /** Whether the server has been told that more is to come. */
  more: boolean;
}

/** A `create` message, and what it tells of. */
interface Announcement {
  uploads: Upload[];
  message: ClientMessage;
}

export class Batches {
  /** Those that have not ended. */
  private readonly all = new Set<Batch>();
  private readonly batchOf = new Map<Upload, Batch>();

  /** `page` is what the server knows this page by. */
  constructor(private readonly page: string) {}

  /** Uploads that have not ended. */
  get open(): Upload[] {
    return [...this.batchOf.keys()];
  }

  get isEmpty(): boolean {
    return this.batchOf.size === 0;
  }

  /** Uploads that have not ended, of batches of which the server has answered nothing. */
  get unanswered(): Upload[] {
    const isNew = ({ uploads }: Batch) =>
      uploads.every(({ state }) => state.value.kind === "queued");
    return [...this.all].filter(isNew).flatMap(({ open }) => [...open]);
  }

  has(key: string): boolean {
    return [...this.all].some((batch) => batch.key === key);
  }

  add(uploads: Upload[]): void {
    if (uploads.length === 0) return;
    const key = uniqueKey();
    const batch = { key, uploads, waiting: [...uploads], open: new Set(uploads), more: false };
    this.all.add(batch);
    for (const upload of uploads) {
      upload.batch = key;
      this.batchOf.set(upload, batch);
    }
  }

  /** What was said and not answered may be lost: say it again. Gives what that is. */
  begin(): Upload[] {
    for (const batch of this.all) {
      batch.waiting = [...batch.open].filter(({ id }) => id === null);
      batch.more = true; // what was said of it may be lost as well
    }
    return [...this.all].flatMap(({ waiting }) => waiting);
  }

  /** Have the server told of an upload once more. */
  again(upload: Upload): void {
    const batch = this.batchOf.get(upload);
    if (batch === undefined) return;
    batch.waiting.push(upload);
    batch.more = true;
  }

  /** Give what the server is to be told now, of no more uploads than there is `room` for. */
  *announce(room: () => number): Generator<Announcement> {
    for (const batch of this.all) {
      for (;;) {
        const wanted = notPaused(batch.waiting, FILES_IN_MESSAGE);
        if (room() < wanted.length) break; // rather wait than send a message for each file
        const uploads = group(wanted);
        if (uploads.length > 0) {
          const told = new Set(uploads);
          batch.waiting = batch.waiting.filter((upload) => !told.has(upload));
        }
        const last = batch.waiting.length === 0;
        if (uploads.length === 0 && !(last && batch.more)) break;
        batch.more = !last;
        const files = uploads.map(({ facts }) => facts);
        const { page } = this;
        const message = { kind: "create", page, batch: batch.key, files, more: !last } as const;
        yield { uploads, message };
      }
    }
  }

  /** An upload has ended. Gives its batch, which is to be closed once the server was told. */
  ended(upload: Upload): Batch | undefined {
    const batch = this.batchOf.get(upload);
    if (batch === undefined) return;
    batch.open.delete(upload);
    batch.waiting = batch.waiting.filter((other) => other !== upload);
    this.batchOf.delete(upload);
    return batch;
  }

  /** Forget a batch if all of it has ended, and give what of it is complete. */
  close(batch: Batch): Upload[] {
    if (batch.open.size > 0) return [];
    this.all.delete(batch);
    return batch.uploads.filter(({ state }) => state.value.kind === "complete");
  }
}

/** Give the first that are not paused, `count` at the most. */
function notPaused(uploads: Upload[], count: number): Upload[] {
  const found: Upload[] = [];
  for (const upload of uploads) {
    if (found.length === count) break;
    if (!upload.isPaused.value) found.push(upload);
  }
  return found;
}

/** Give the first uploads, no more than fit into one message. */
function group(uploads: Upload[]): Upload[] {
  let size = 0;
  let end = 0;
  for (const { facts } of uploads) {
    size += 200 + 3 * (facts.name.length + facts.relative_path.length);
    if (end > 0 && size > MAX_MESSAGE_SIZE) break;
    end += 1;
  }
  return uploads.slice(0, end);
}
