/** What all uploads of a widget have come to together. */

import type { Upload } from "./upload";

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

  constructor(
    uploads: Upload[],
    queue: { isWaiting(upload: Upload): boolean; canRetry(upload: Upload): boolean },
  ) {
    for (const upload of uploads) {
      const { kind } = upload.state.value;
      switch (kind) {
        case "complete":
          this.complete.push(upload);
          this.completeSize += upload.size;
          this.hold(upload);
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
          this.hold(upload);
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
