/**
 * What pages before have begun to upload in this place and not ended. Each is offered: to be chosen
 * again, or where its handle is remembered to go on at a click.
 */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type FileHandle, fileOf } from "./handles";
import type { PickedFile } from "./queue";
import type { Begun, Resumables } from "./resumables";
import type { Upload } from "./upload";

export interface Offer extends Begun {
  /** What goes on without choosing again. */
  handle: FileHandle | null;
}

export class Offers {
  /** Those that are not taken, nor ended by another page. */
  readonly shown: ReadonlySignal<Offer[]>;
  private readonly found: Signal<Offer[]> = signal([]);
  private place: string | null = null;

  /** `uploads` is what has a row, `add` takes a file as if it was chosen. */
  constructor(
    private readonly resumables: Resumables,
    uploads: ReadonlySignal<Upload[]>,
    private readonly add: (picked: PickedFile[]) => void,
  ) {
    this.shown = computed(() => {
      const { value } = this.found;
      if (value.length === 0) return value;
      const chosen = new Set(uploads.value.map(({ earlier }) => earlier?.id));
      const { others } = this.resumables;
      return value.filter(({ id }) => !chosen.has(id) && others.has(id));
    });
  }

  /** Look for what was begun in the place of a widget, once: later, this page does it. */
  async look(place: string): Promise<void> {
    if (this.place !== null) return;
    this.place = place;
    const begun = await this.resumables.begunElsewhere(place);
    const { handles } = this.resumables;
    this.found.value = await Promise.all(
      begun.map(async (it) => ({ ...it, handle: await handles.find(it.id) })),
    );
    for (const { expires } of begun) {
      setTimeout(() => this.resumables.changed(), expires - Date.now());
    }
  }

  /** Add the file, once the user lets the page read it; a browser asks only in a click. */
  async goOn(offer: Offer): Promise<void> {
    const file = await this.open(offer);
    // It may have been clicked twice, or chosen by hand, meanwhile.
    if (file === null || !this.shown.value.includes(offer)) return;
    const { id, relativePath } = offer;
    const fingerprint = this.resumables.fingerprint(this.place ?? "", file, relativePath);
    if (fingerprint !== offer.fingerprint) this.resumables.dismiss(id); // that file is no more
    this.add([{ file, relativePath }]);
  }

  private async open(offer: Offer): Promise<File | null> {
    const { handle } = offer;
    if (handle === null) return null;
    try {
      const permission = await handle.requestPermission({ mode: "read" });
      return permission === "granted" ? await fileOf(handle) : null;
    } catch {
      // It was moved or deleted; it may be chosen where it is now.
      const without = { ...offer, handle: null };
      this.found.value = this.found.value.map((it) => (it === offer ? without : it));
      return null;
    }
  }

  dismiss({ id }: Offer): void {
    this.resumables.dismiss(id);
  }
}
