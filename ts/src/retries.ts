/** Uploads that are tried again by themselves, after a while that their rows count down. */

import { type Signal, signal } from "@preact/signals";
import { backoff, MAX_TRIES } from "./backoff";
import { retryOf } from "./errors";
import type { Upload } from "./upload";

/**
 * Bytes stored of an upload that are sent again without being asked: on a disk that stays full, a
 * large file would go over the network four times in vain.
 */
export const MAX_STORED = 100_000_000;

/**
 * Uploads that are tried again at the same time: each is a pick of its own, of which the server
 * takes no more than 100, and where so many fail they will again.
 */
export const MAX_AT_ONCE = 20;

export class Retries {
  private readonly timers = new Map<Upload, ReturnType<typeof setTimeout>>();
  private readonly seconds = new WeakMap<Upload, Signal<number | null>>();
  /** How often it was tried again, by upload that is under way. */
  private readonly tries = new Map<Upload, number>();

  /** `again` makes a new upload of the same file, if it may. */
  constructor(private readonly again: (upload: Upload) => Upload | undefined) {}

  /** What waits. */
  get waiting(): Upload[] {
    return [...this.timers.keys()];
  }

  /** Seconds until an upload is tried again; null if it does not wait. */
  secondsLeft(upload: Upload): number | null {
    return this.secondsOf(upload).value;
  }

  /** Try an upload again after a while, if that may help and has not been done too often. */
  ended(upload: Upload): void {
    const tries = this.tries.get(upload) ?? 0;
    this.tries.delete(upload);
    if (upload.source.file === null) return; // what was sent of a recording is not kept
    const state = upload.state.value;
    if (state.kind !== "failed" && state.kind !== "refused") return;
    if (retryOf(state.failure) !== "by itself" || tries >= MAX_TRIES) return;
    const isCheap = upload.stored.value <= MAX_STORED;
    if (isCheap && this.timers.size + this.tries.size < MAX_AT_ONCE) {
      this.wait(upload, tries, performance.now() + backoff(tries));
    }
  }

  /** Do not try it again, unless asked. */
  stop(upload: Upload): void {
    clearTimeout(this.timers.get(upload));
    if (this.timers.delete(upload)) this.secondsOf(upload).value = null;
  }

  private wait(upload: Upload, tries: number, due: number): void {
    const left = due - performance.now();
    if (left <= 0) {
      this.stop(upload);
      const next = this.again(upload);
      if (next?.active) this.tries.set(next, tries + 1);
      return;
    }
    this.secondsOf(upload).value = Math.ceil(left / 1000);
    const timer = setTimeout(() => this.wait(upload, tries, due), left % 1000 || 1000);
    this.timers.set(upload, timer);
  }

  private secondsOf(upload: Upload): Signal<number | null> {
    const known = this.seconds.get(upload) ?? signal(null);
    this.seconds.set(upload, known);
    return known;
  }
}
