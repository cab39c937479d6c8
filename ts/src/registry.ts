/**
 * The queues of this page. A transfer outlives the view that started it: Panel removes and renders
 * views anew when a tab is switched, a layout changes or the socket was lost.
 */

import { ChunkCap, IN_FLIGHT } from "./cap";
import { UploadQueue } from "./queue";

const queues = new Map<string, UploadQueue>();
const storage = openStorage();
const cap = new ChunkCap(storage);
const inFlightCap = new ChunkCap(storage, IN_FLIGHT);

/** Give the queue of a widget, whichever of its views asks. */
export function queueOf(widget: string): UploadQueue {
  const known = queues.get(widget);
  if (known !== undefined) return known;
  const queue = new UploadQueue(cap, inFlightCap);
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
