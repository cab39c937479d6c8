/** Whose turn it is to send, and how many uploads the server is told of. */

import type { Upload } from "./upload";

/** Uploads that send at the same time; more would only share the same window. */
const PARALLEL = 3;

/**
 * Uploads that have begun and not ended, paused ones among them: a server has no more than eight of
 * a page under way, and a function that uses a paused one goes on.
 */
const MAX_BEGUN = 7;

/** Uploads that the server is told of and that have not ended; the rest waits in the page. */
export const MAX_ANNOUNCED = 500;

/** The same with those that are paused. The server takes 2000. */
const MAX_TOLD = 1900;

export class Turns {
  /** Announced to the server and not sending: no answer yet, or waiting for a turn. */
  private readonly ready = new Set<Upload>();
  readonly sending = new Set<Upload>();
  /** Paused after they had begun to send, until their next turn; those that had not are `ready`. */
  private readonly paused = new Set<Upload>();

  /** Have uploads wait that the server was told of. */
  announced(uploads: Upload[]): void {
    for (const upload of uploads) {
      upload.isTold = true;
      this.ready.add(upload);
    }
  }

  /** It has ended, or the server is to be told of it again. */
  drop(upload: Upload): void {
    for (const it of [this.ready, this.sending, this.paused]) it.delete(upload);
  }

  /** Leave the turn to another. */
  pause(upload: Upload): void {
    if (this.sending.delete(upload)) this.paused.add(upload);
  }

  /** What has begun to send. */
  get begun(): Upload[] {
    return [...this.sending, ...this.paused];
  }

  /** Bytes of the largest chunk on its way. */
  get largestSent(): number {
    return Math.max(0, ...[...this.sending].map((upload) => upload.largestSent));
  }

  /** What the server was told of. */
  get told(): Upload[] {
    return [...this.begun, ...this.ready];
  }

  /** What the server was told of and has not answered. */
  get unanswered(): Upload[] {
    return [...this.ready].filter(({ id }) => id === null);
  }

  /** How many more the server may be told of. */
  get room(): number {
    const waiting = [...this.ready].filter(({ isPaused }) => !isPaused.value);
    const told = this.ready.size + this.sending.size + this.paused.size;
    return Math.min(MAX_ANNOUNCED - waiting.length - this.sending.size, MAX_TOLD - told);
  }

  /** Let as many send as may, and first what had begun; `go` has one do it. */
  start(go: (upload: Upload) => void): void {
    for (const upload of [...this.paused, ...this.ready]) {
      if (this.sending.size >= PARALLEL) return;
      if (upload.state.value.kind !== "created" || upload.isPaused.value) continue;
      if (!this.paused.has(upload) && this.begun.length >= MAX_BEGUN) return;
      this.drop(upload);
      this.sending.add(upload);
      go(upload);
    }
  }
}
