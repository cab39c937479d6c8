/** How far uploads are, at the beginning of the page's title, for those who look at another page. */

import { effect, type Signal, signal } from "@preact/signals";
import { validTag } from "./languages";
import type { UploadQueue } from "./queue";
import { numbers } from "./view/format";

/** Those whose apps may want it. */
const queues: Signal<UploadQueue[]> = signal([]);

/** What stands before the app's own title. */
let shown = "";

effect(() => {
  const totals = queues.value.filter(isWanted).map((queue) => queue.totals.value);
  const active = totals.filter((it) => it.active.length > 0);
  const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
  const { percent } = numbers(validTag(document.documentElement.lang));
  const share = percent(sum(active.map((it) => it.stored)), sum(active.map((it) => it.size)));
  showInTitle(active.length > 0 ? `(${share}) ` : "");
});

/** Show in the title how far the uploads of a queue are, while its setting is so. */
export function followInTitle(queue: UploadQueue): void {
  if (!queues.value.includes(queue)) queues.value = [...queues.value, queue];
}

function isWanted({ settings, connection }: UploadQueue): boolean {
  const goesOn = connection === "up" || connection === "reconnecting";
  return goesOn && settings?.titleProgress === true;
}

/** The app may have changed its own title meanwhile. */
function showInTitle(text: string): void {
  if (text === shown) return;
  const { title } = document;
  document.title = text + (title.startsWith(shown) ? title.slice(shown.length) : title);
  shown = text;
}
