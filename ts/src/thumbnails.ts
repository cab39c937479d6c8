/** Has the pictures made that rows show: one after the other, with time for the rest between. */

import type { Signal } from "@preact/signals";
import type { Kind } from "./kind";
import { pictureOf } from "./picture";

/** Pictures that are shown at most, of a few kB each. */
export const MAX_SHOWN = 200;

/**
 * Milliseconds before each, in which uploads go on. Chromium may have no idle time to tell of for as
 * long as nothing moves in the page, so it is not waited for.
 */
export const PAUSE = 30;

let shown = 0;
let last = Promise.resolve();

/** Set `url` to that of the file's picture, unless what this gives is called before. */
export function showThumbnail(file: File, kind: Kind, url: Signal<string>): () => void {
  const isImage = kind === "image";
  if ((!isImage && kind !== "video") || shown === MAX_SHOWN) return () => undefined;
  shown += 1;
  let isShown = true;
  last = last.then(async () => {
    if (isShown) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (isShown) url.value = await pictureOf(file, isImage).catch(() => "");
  });
  return () => {
    isShown = false;
    shown -= 1;
  };
}
