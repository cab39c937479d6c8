/**
 * The queues of this page. A transfer outlives the view that started it: Panel removes and renders
 * views anew when a tab is switched, a layout changes or the socket was lost.
 */

import { ChunkCap } from "./cap";
import { UploadQueue } from "./queue";

const queues = new Map<string, UploadQueue>();
const cap = new ChunkCap(openStorage());

/** Give the queue of a widget, whichever of its views asks. */
export function queueOf(widget: string): UploadQueue {
  const known = queues.get(widget);
  if (known !== undefined) return known;
  const queue = new UploadQueue(cap);
  queues.set(widget, queue);
  return queue;
}

/** Tell all queues that the socket is lost, which they share. */
export function connectionLost(): void {
  for (const queue of queues.values()) queue.connectionLost();
}

function openStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // forbidden, as in a sandboxed frame
  }
}
