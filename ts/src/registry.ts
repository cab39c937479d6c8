/**
 * The queues of this page. A transfer outlives the view that started it: Panel removes and renders
 * views anew when a tab is switched, a layout changes or the socket was lost.
 */

import { ChunkCap } from "./cap";
import { UploadQueue } from "./queue";

/** BokehJS's document, as far as it is used here. */
export interface BokehDocument {
  on_event(event: string, callback: () => void): void;
}

const queues = new Map<string, UploadQueue>();
const watched = new WeakSet<BokehDocument>();
const cap = new ChunkCap(openStorage());

/** Give the queue of a widget, whichever of its views asks. */
export function queueOf(widget: string): UploadQueue {
  const known = queues.get(widget);
  if (known !== undefined) return known;
  const queue = new UploadQueue(cap);
  queues.set(widget, queue);
  return queue;
}

/** Tell the queues when the socket of `document` is lost. */
export function watchConnection(document: BokehDocument): void {
  if (watched.has(document)) return;
  watched.add(document);
  document.on_event("connection_lost", () => {
    for (const queue of queues.values()) queue.connectionLost();
  });
}

function openStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // forbidden, as in a sandboxed frame
  }
}
