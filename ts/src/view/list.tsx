/** A list that shows a few rows at first, and all of them in a place that scrolls. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useLanguage } from "./language";

/** Rows that are shown at first. */
export const FEW_ROWS = 6;

/** Rows that are added in a frame; a folder may have thousands of files. */
const ROWS_IN_FRAME = 100;

interface ListProps<T> {
  label: string;
  items: T[];
  /** Choose so many of the items that matter most. */
  few: (count: number) => T[];
  row: (item: T) => ComponentChildren;
}

export function List<T>({ label, items, few, row }: ListProps<T>) {
  const { text } = useLanguage();
  const isUnfolded = useSignal(false);
  const count = useSignal(0);
  const isLong = items.length > FEW_ROWS;
  const isOpen = isLong && isUnfolded.value;
  const shown = isOpen ? Math.min(count.value, items.length) : 0;
  useEffect(() => {
    if (!isOpen || shown === items.length) return;
    const frame = requestAnimationFrame(() => {
      count.value += ROWS_IN_FRAME;
    });
    return () => cancelAnimationFrame(frame);
  }, [isOpen, shown, items.length, count]);
  if (items.length === 0) return null;
  const onClick = () => {
    isUnfolded.value = !isUnfolded.value;
    count.value = ROWS_IN_FRAME;
  };
  return (
    <>
      <ul
        class={`rows ${isOpen ? "unfolded" : ""}`}
        part="rows"
        aria-label={label}
        tabIndex={isOpen ? 0 : undefined}
      >
        {(isOpen ? items.slice(0, shown) : isLong ? few(FEW_ROWS) : items).map(row)}
      </ul>
      {isLong && (
        <button type="button" class="more" part="more" aria-expanded={isOpen} onClick={onClick}>
          {isOpen ? text("fewer") : text("more", { count: items.length - FEW_ROWS })}
        </button>
      )}
    </>
  );
}
