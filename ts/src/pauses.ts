/** Uploads that send nothing until they are told to go on, by the user or by the app. */

import type { Batches } from "./batches";
import type { Turns } from "./turns";
import type { Upload } from "./upload";

/** Milliseconds between two signs of a page that has paused all; after 120 s it counts as gone. */
const PRESENCE_INTERVAL = 30_000;

export class Pauses {
  private presence: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly queue: {
      readonly turns: Turns;
      readonly batches: Batches;
      /** Tell the server, if it knows the upload and can be reached. */
      tellPaused(upload: Upload): void;
      /** Let others send. */
      pump(): void;
    },
  ) {}

  /** Send no more of it until it goes on; another one may take its turn. */
  pause(upload: Upload): void {
    if (!upload.canPause) return;
    this.keepPresent();
    upload.pause();
    this.queue.turns.pause(upload);
    this.queue.tellPaused(upload);
    this.queue.pump();
  }

  goOn(uploads: Upload[]): void {
    for (const upload of uploads) {
      if (!upload.isPaused.value) continue;
      upload.goOn();
      this.queue.tellPaused(upload);
    }
    this.queue.pump();
  }

  /** Say so from time to time: of a page that says nothing, what it has begun is ended. */
  private keepPresent(): void {
    this.presence ??= setInterval(() => {
      const paused = this.queue.batches.open.filter(({ isPaused }) => isPaused.value);
      for (const upload of paused.slice(0, 1)) this.queue.tellPaused(upload);
      if (paused.length > 0) return;
      clearInterval(this.presence);
      this.presence = undefined;
    }, PRESENCE_INTERVAL);
  }
}
