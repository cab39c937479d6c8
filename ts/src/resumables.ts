/**
 * What this browser has begun to upload, so that choosing the file again goes on after the page was
 * loaded again or the browser was restarted.
 *
 * A file is known again by its fingerprint; whether it still begins with what is stored is found
 * out before anything is sent.
 */

import { type Signal, signal } from "@preact/signals";
import { type FileHandle, Handles } from "./handles";
import type { Identity } from "./protocol";
import { Underway } from "./underway";

/** Bytes of a file; a smaller one is sent again sooner than looked for. */
export const MIN_RESUMABLE = 4 * 1024 ** 2;

/** Milliseconds for which an upload is remembered: a directory keeps it for a day. */
const EXPIRY = 24 * 60 * 60 * 1000;

/** Uploads that are remembered; the oldest go first. */
const MAX_REMEMBERED = 200;

/** What only waits is added up to this many: the rest is for what is sent. */
const MAX_WAITING = 100;

/** The key in the storage, whose changes other pages are told of. */
export const KEY = "panel_chunked.uploads";

/** An upload that has not ended, as far as a row tells of it. */
export interface Begun {
  id: string;
  fingerprint: string;
  relativePath: string;
  size: number;
  /** Milliseconds since 1970. */
  expires: number;
}

interface Remembered extends Identity {
  fingerprint: string;
  expires: number;
}

export class Resumables {
  /** Ids, by their secrets, of what this page uploads itself: the same file may be chosen twice. */
  private readonly own = new Map<string, string>();
  /** Counts the changes of what is remembered, by any page. */
  private readonly changes: Signal<number> = signal(0);

  /** `app` tells pages of one origin apart. */
  constructor(
    private readonly storage: Storage | null,
    private readonly app = "",
    readonly handles = new Handles(),
    private readonly underway = new Underway(null),
  ) {}

  /**
   * Tell a file from others; `place` is that of the widget in the app. Its type is another one when
   * it was dropped, chosen, or is read by its handle.
   */
  fingerprint(place: string, { size, lastModified }: File, relativePath: string): string {
    return JSON.stringify([this.app, place, relativePath, size, lastModified]);
  }

  /** Give what was begun of a file and not ended, unless this page is at it. */
  find(fingerprint: string): Identity | null {
    const known = this.load()
      .filter((it) => it.fingerprint === fingerprint && !this.own.has(it.secret))
      .at(-1); // what was begun anew comes later than what is gone
    return known === undefined ? null : { id: known.id, secret: known.secret };
  }

  /** Give what pages before have begun in this place, unless another is at it. */
  async begunElsewhere(place: string): Promise<Begun[]> {
    const begun = this.load().flatMap((it) => {
      const [app, itsPlace, relativePath, size] = partsOf(it.fingerprint);
      const isHere = app === this.app && itsPlace === place;
      if (!isHere || typeof relativePath !== "string" || typeof size !== "number") return [];
      const { id, fingerprint, expires } = it;
      return [{ id, fingerprint, relativePath, size, expires }];
    });
    if (begun.length === 0) return [];
    const underway = await this.underway.ids();
    return begun.filter(({ id }) => !underway.has(id));
  }

  /** Ids of what is remembered and not this page's. In a signal, it is told of changes. */
  get others(): Set<string> {
    this.changes.value;
    const others = this.load().filter(({ secret }) => !this.own.has(secret));
    return new Set(others.map(({ id }) => id));
  }

  /** `handle`: what leads to the file without choosing it again; `waits`: only if there is room. */
  remember(
    fingerprint: string,
    { id, secret }: Identity,
    handle: FileHandle | null = null,
    waits = false,
  ): void {
    const others = this.load().filter((it) => it.id !== id);
    if (waits && others.length >= MAX_WAITING) return;
    this.own.set(secret, id);
    this.underway.begin(id);
    this.save([...others, { fingerprint, id, secret, expires: Date.now() + EXPIRY }]);
    if (handle !== null) void this.handles.keep(id, handle);
  }

  /** The upload of this page that has this secret has ended. */
  forget(secret: string): void {
    const id = this.own.get(secret);
    if (id === undefined) return;
    this.own.delete(secret);
    this.underway.end(id);
    this.dismiss(id);
  }

  /** Another page goes on with the upload that has this secret. */
  leave(secret: string): void {
    this.underway.end(this.own.get(secret) ?? "");
    this.own.delete(secret); // choosing the file again takes it back
  }

  /** Nobody goes on with this upload any more. */
  dismiss(id: string): void {
    this.save(this.load().filter((it) => it.id !== id));
    void this.handles.forget(id);
  }

  /** Let go of the handles of what is not remembered any more, as it has expired. */
  async tidy(): Promise<void> {
    await this.handles.forgetUnless((id) => this.load().some((it) => it.id === id));
  }

  /** Another page has changed what is remembered. */
  changed(): void {
    this.changes.value += 1;
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
    this.changed();
  }
}

/** What is stored may be of another version, or anybody's. */
function isRemembered(it: Remembered | null): it is Remembered {
  const texts = [it?.fingerprint, it?.id, it?.secret];
  return texts.every((text) => typeof text === "string") && typeof it?.expires === "number";
}

/** What a fingerprint was made of, or nothing if it is of another version. */
function partsOf(fingerprint: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(fingerprint);
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}
