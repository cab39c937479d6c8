/**
 * The queues of this page. A transfer outlives the view that started it: Panel removes and renders
 * views anew when a tab is switched, a layout changes or the socket was lost.
 */

import { UploadQueue } from "./queue";

const queues = new Map<string, UploadQueue>();

/** Give the queue of a widget, whichever of its views asks. */
export function queueOf(widget: string): UploadQueue {
  const known = queues.get(widget);
  if (known !== undefined) return known;
  const queue = new UploadQueue();
  queues.set(widget, queue);
  return queue;
}
