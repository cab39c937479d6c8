/** What all uploads of a widget have come to together. */

import type { ReadonlySignal } from "@preact/signals";
import { calmly } from "./calm";
import type { Upload } from "./upload";

/** Uploads of which every change is followed at once, and milliseconds between two looks at more. */
const FOLLOWED = 50;
const LOOK_INTERVAL = 200;

/** What totals need to know of a queue. */
interface Queue {
  readonly uploads: ReadonlySignal<Upload[]>;
  isWaiting(upload: Upload): boolean;
  canRetry(upload: Upload): boolean;
}

/** Give what all uploads of a queue have come to; of many, as it was a moment ago. */
export function totalsOf(queue: Queue): ReadonlySignal<Totals> {
  return calmly(
    () => new Totals(queue),
    () => (queue.uploads.peek().length > FOLLOWED ? LOOK_INTERVAL : 0),
  );
}

/** All of it in one pass: there may be thousands, and each changes some times. */
export class Totals {
  readonly running: Upload[] = [];
  readonly waiting: Upload[] = [];
  readonly complete: Upload[] = [];
  /** Those that have failed, were refused or cancelled. */
  readonly ended: Upload[] = [];
  /** Those that have not ended, or will be tried again by themselves. */
  readonly active: Upload[] = [];
  readonly toRetry: Upload[] = [];
  failed = 0;
  canPause = false;
  isPaused = false;
  /** Of those that are active, how many send or will. */
  sending = 0;
  /** Bytes of what is active or complete, and of these how many are stored. */
  size = 0;
  stored = 0;
  completeSize = 0;
  /** What counts against the limits. */
  readonly held = { files: 0, size: 0 };
  /** Bytes per second, and those that are left to be sent at this rate. */
  rate = 0;
  left = 0;

  constructor(queue: Queue) {
    for (const upload of queue.uploads.value) {
      if (upload.counts) this.hold(upload);
      const { kind } = upload.state.value;
      switch (kind) {
        case "complete":
          this.complete.push(upload);
          this.completeSize += upload.size;
          break;
        case "cancelled":
          this.ended.push(upload);
          break;
        case "refused":
        case "failed":
          this.ended.push(upload);
          this.failed += 1;
          if (queue.canRetry(upload)) this.toRetry.push(upload);
          if (queue.isWaiting(upload)) this.addActive(upload);
          break;
        default:
          (kind === "queued" || kind === "created" ? this.waiting : this.running).push(upload);
          this.addActive(upload);
      }
    }
    this.size += this.completeSize;
    this.stored += this.completeSize;
  }

  private hold({ size }: Upload): void {
    this.held.files += 1;
    this.held.size += size;
  }

  private addActive(upload: Upload): void {
    this.active.push(upload);
    this.canPause ||= upload.canPause;
    const { size, stored } = upload;
    this.size += size;
    this.stored += stored.value;
    if (upload.isPaused.value) this.isPaused = true;
    else {
      this.sending += 1;
      this.rate += upload.rate.value ?? 0;
      this.left += size - stored.value;
    }
  }
}
