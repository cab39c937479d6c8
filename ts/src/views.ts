/** The views that show a widget, and the one whose road to Python is taken. */

import type { PanelChannel } from "./channel";

/**
 * Milliseconds after which uploads are cancelled in a notebook that no output shows, as when the
 * cell was run again, which makes another widget: nobody could see or stop them.
 */
export const UNSEEN_FOR = 30_000;

export class Views {
  /** The road that is taken; null before any view. */
  road: PanelChannel | null = null;
  /** Of the views that are shown, the latest last. */
  private readonly shown: PanelChannel[] = [];
  private giveUp: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly queue: {
      /** Another road is taken. */
      beginAnew(): void;
      cancelAll(): void;
    },
  ) {}

  /** Take the road through a view that was just rendered; earlier ones are no longer used. */
  attach(channel: PanelChannel): void {
    clearTimeout(this.giveUp);
    this.shown.push(channel);
    this.take(channel);
  }

  /**
   * A view is gone, and its road perhaps with it, as when the output of a notebook cell is cleared:
   * take that of another view. If there is none it may still lead to Python, as behind a tab.
   */
  detach(channel: PanelChannel): void {
    const place = this.shown.indexOf(channel);
    if (place < 0) return;
    this.shown.splice(place, 1);
    const other = this.shown.at(-1);
    if (channel === this.road && other !== undefined) this.take(other);
    if (other === undefined && this.road?.isNotebook) {
      this.giveUp = setTimeout(() => this.queue.cancelAll(), UNSEEN_FOR);
    }
  }

  /** Whether any view is shown, and with it the one whose road is taken. */
  get areShown(): boolean {
    return this.shown.length > 0;
  }

  private take(channel: PanelChannel): void {
    this.road?.close();
    channel.open();
    this.road = channel;
    this.queue.beginAnew();
  }
}
