/**
 * The queues of this page. A transfer outlives the view that started it: Panel removes and renders
 * views anew when a tab is switched, a layout changes or the socket was lost.
 */

import { ChunkCap, IN_FLIGHT } from "./cap";
import { Handles } from "./handles";
import { UploadQueue } from "./queue";
import { Recorder } from "./recorder";
import { KEY, Resumables } from "./resumables";
import { Underway } from "./underway";

const queues = new Map<string, UploadQueue>();
/** Of each document, by its widgets and by their places, which are the same in a new session. */
const byDocument = new WeakMap<object, Map<string, UploadQueue>>();
const recorders = new WeakMap<UploadQueue, Recorder>();
const storage = openStorage();
const cap = new ChunkCap(storage);
const inFlightCap = new ChunkCap(storage, IN_FLIGHT);
const underway = new Underway(navigator.locks ?? null);
const resumables = new Resumables(storage, location.pathname, new Handles(), underway);
addEventListener("storage", ({ key }) => {
  if (key === KEY) resumables.changed();
});
void resumables.tidy();

/**
 * Give the queue of a widget, whichever of its views asks. After the server was started anew, the
 * widget in the same place of the new session takes the queue over, and the server tells which of
 * its uploads it knows. In a notebook, `place` is null: a cell that is run again is new.
 */
export function queueOf(
  widget: string,
  place: string | null,
  document: object | null,
): UploadQueue {
  const known = queues.get(widget);
  if (known !== undefined) return known;
  const own = queuesOf(document ?? {});
  const left = place === null ? undefined : own.get(place);
  const queue = left?.isLost ? left : new UploadQueue(cap, inFlightCap, resumables);
  queues.set(widget, queue);
  own.set(widget, queue);
  if (place !== null) own.set(place, queue);
  return queue;
}

/** Several apps may be in one page. */
function queuesOf(document: object): Map<string, UploadQueue> {
  const known = byDocument.get(document) ?? new Map<string, UploadQueue>();
  byDocument.set(document, known);
  return known;
}

/** Give what records for a queue; it goes on while its view is away. */
export function recorderOf(queue: UploadQueue): Recorder {
  const recorder = recorders.get(queue) ?? new Recorder(queue);
  recorders.set(queue, recorder);
  return recorder;
}

/** Tell all queues of a document that its socket is lost, which they share. */
export function connectionLost(document: object): void {
  for (const queue of new Set(queuesOf(document).values())) queue.connectionLost();
}

/** Tell whether any of them has uploads under way. */
export function isUploading(): boolean {
  return [...queues.values()].some((queue) => queue.isUploading);
}

/** Names of files that no output of the notebook shows any more, and whose upload is given up. */
export function unseenFiles(): string[] {
  return [...queues.values()].flatMap(({ unseen }) => unseen);
}

function openStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // forbidden, as in a sandboxed frame
  }
}
