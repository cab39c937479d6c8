/**
 * What it means when Python says nothing. A notebook's comm tells neither that the kernel is busy,
 * which is normal and may take hours, nor that what was sent is lost with Jupyter's socket. So the
 * page says that it waits, and asks from time to time: a kernel that was busy answers in its turn.
 */

import { signal } from "@preact/signals";

/** Milliseconds between two looks. */
export const LOOK_INTERVAL = 500;

/** Milliseconds without an answer after which the page says that it waits. */
export const SHOWN_AFTER = 2000;

/** Milliseconds after which it may be for ever. */
export const VERY_LONG = 20_000;

/** Milliseconds until it asks for the first time; each time after that, twice as long. */
export const FIRST_QUESTION = 3000;

/** Milliseconds between two questions at the most: a kernel may be busy, a server is not. */
const MAX_INTERVAL = { kernel: 60_000, server: 6000 };

export class Silence {
  /** Whether it lasts so long that the page says so. */
  readonly isLong = signal(false);
  /** Whether it lasts so long that nobody may be there. */
  readonly isVeryLong = signal(false);
  private since = 0;
  private askAt = 0;
  private interval = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly queue: {
      /** Whether anything is under way. */
      readonly isBusy: boolean;
      /** Whether something was sent that has no answer. */
      readonly isUnanswered: boolean;
      readonly isNotebook: boolean;
      ask(): void;
    },
  ) {}

  /** Milliseconds that it lasts. */
  get lasts(): number {
    return performance.now() - this.since;
  }

  /** From now on, something is under way. */
  listen(): void {
    if (this.timer !== undefined) return;
    this.begin();
    this.timer = setInterval(() => this.look(), LOOK_INTERVAL);
  }

  /** Python has said something. */
  broken(): void {
    this.begin();
    this.isLong.value = this.isVeryLong.value = false;
  }

  private begin(): void {
    this.since = performance.now();
    this.interval = FIRST_QUESTION;
    this.askAt = this.since + FIRST_QUESTION;
  }

  private look(): void {
    const { isBusy, isUnanswered, isNotebook } = this.queue;
    if (!isBusy) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    if (!(isBusy && isUnanswered)) {
      this.broken();
      return;
    }
    const now = performance.now();
    this.isLong.value = now - this.since >= SHOWN_AFTER;
    this.isVeryLong.value = now - this.since >= VERY_LONG;
    if (now < this.askAt) return;
    const longest = MAX_INTERVAL[isNotebook ? "kernel" : "server"];
    this.interval = Math.min(2 * this.interval, longest);
    this.askAt = now + this.interval;
    this.queue.ask();
  }
}
