/** The button below a list of rows of which only some are shown. */

import type { Signal } from "@preact/signals";
import { useLanguage } from "./language";

/** Rows that are shown at first. */
export const FEW_ROWS = 6;

/** Rows that a click shows in addition; a folder may have thousands of files. */
const MORE_ROWS = 100;

/** `count` is how many of the `total` may be shown. */
export function More({ count, total }: { count: Signal<number>; total: number }) {
  const { text } = useLanguage();
  if (total <= FEW_ROWS) return null;
  const hidden = Math.max(0, total - count.value);
  const onClick = () => {
    count.value = hidden > 0 ? count.value + MORE_ROWS : FEW_ROWS;
  };
  return (
    <button type="button" class="more" onClick={onClick}>
      {hidden > 0 ? text("more", { count: hidden }) : text("fewer")}
    </button>
  );
}
