/**
 * What this browser has begun to upload, so that choosing the file again goes on after the page was
 * loaded again or the browser was restarted.
 *
 * A file is known again by its fingerprint; whether it still begins with what is stored is found
 * out before anything is sent.
 */

import type { Identity } from "./protocol";

/** Bytes of a file; a smaller one is sent again sooner than looked for. */
export const MIN_RESUMABLE = 4 * 1024 ** 2;

/** Milliseconds for which an upload is remembered: a directory keeps it for a day. */
const EXPIRY = 24 * 60 * 60 * 1000;

/** Uploads that are remembered; the oldest go first. */
const MAX_REMEMBERED = 200;

const KEY = "panel_chunked.uploads";

interface Remembered extends Identity {
  fingerprint: string;
  expires: number;
}

export class Resumables {
  /** Secrets of what this page uploads itself: the same file may be chosen twice. */
  private readonly own = new Set<string>();

  /** `app` tells pages of one origin apart. */
  constructor(
    private readonly storage: Storage | null,
    private readonly app = "",
  ) {}

  /** Tell a file from others; `place` is that of the widget in the app. */
  fingerprint(place: string, file: File, relativePath: string): string {
    const { size, type, lastModified } = file;
    return JSON.stringify([this.app, place, relativePath, size, type, lastModified]);
  }

  /** Give what was begun of a file and not ended, unless this page is at it. */
  find(fingerprint: string): Identity | null {
    const known = this.load()
      .filter((it) => it.fingerprint === fingerprint && !this.own.has(it.secret))
      .at(-1); // what was begun anew comes later than what is gone
    return known === undefined ? null : { id: known.id, secret: known.secret };
  }

  remember(fingerprint: string, { id, secret }: Identity): void {
    this.own.add(secret);
    const others = this.load().filter((it) => it.id !== id);
    this.save([...others, { fingerprint, id, secret, expires: Date.now() + EXPIRY }]);
  }

  /** The upload of this page that has this secret has ended. */
  forget(secret: string): void {
    if (this.own.delete(secret)) this.save(this.load().filter((it) => it.secret !== secret));
  }

  private load(): Remembered[] {
    try {
      const stored: unknown = JSON.parse(this.storage?.getItem(KEY) ?? "[]");
      if (!Array.isArray(stored)) return [];
      return stored.filter((it) => isRemembered(it) && it.expires > Date.now());
    } catch {
      return [];
    }
  }

  private save(remembered: Remembered[]): void {
    try {
      if (remembered.length === 0) this.storage?.removeItem(KEY);
      else this.storage?.setItem(KEY, JSON.stringify(remembered.slice(-MAX_REMEMBERED)));
    } catch {
      // It is full or forbidden: choosing the file again starts at its beginning.
    }
  }
}

/** What is stored may be of another version, or anybody's. */
function isRemembered(it: Remembered | null): it is Remembered {
  const texts = [it?.fingerprint, it?.id, it?.secret];
  return texts.every((text) => typeof text === "string") && typeof it?.expires === "number";
}
