/** Where the focus goes when what has it goes. */

import { useLayoutEffect } from "preact/hooks";

/**
 * Keep the focus in a widget: when its element is removed, it goes to the same button of the row
 * that is in its place now, or of the one before; if there is none, to the button that chooses.
 */
export function useKeptFocus(widget: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    if (widget.current !== null) keepFocus(widget.current);
  }, [widget]);
}

/** It ends with the element. */
function keepFocus(section: HTMLElement): void {
  let last: Element | null = null;
  section.addEventListener("focusin", ({ target }) => {
    last = target as Element;
  });
  // Browsers may tell of this when the element is removed, too, and not only when it is left.
  section.addEventListener("focusout", async () => {
    await null;
    if (last?.isConnected && !last.matches(":focus")) last = null;
  });
  new MutationObserver((records) => {
    const gone = last;
    if (gone === null || gone.isConnected) return;
    last = null;
    if (document.activeElement === document.body) focusInstead(section, gone, records);
  }).observe(section, { childList: true, subtree: true });
}

function focusInstead(section: HTMLElement, gone: Element, records: MutationRecord[]): void {
  const record = records.find(({ removedNodes }) =>
    [...removedNodes].some((node) => node.contains(gone)),
  );
  const row = record && placeOf(record);
  const icon = gone.closest(".question") ? "remove" : gone.getAttribute("data-icon");
  const instead =
    row?.querySelector<HTMLElement>(`[data-icon="${icon}"]`) ??
    // Who is about to press another button is not to remove a file.
    row?.querySelector<HTMLElement>('.action:not([data-icon="remove"])') ??
    section.querySelector<HTMLElement>(":is(.choose, .control):not([disabled])") ??
    section;
  instead.focus();
}

/** Give the row that is where something was removed, or the line above all rows. */
function placeOf({ target, previousSibling }: MutationRecord): Element | null {
  if (!(target instanceof Element)) return null;
  const around = target.closest(".row, .summary");
  if (around !== null) return around;
  const before = previousSibling instanceof Element && previousSibling.isConnected;
  const next = before ? previousSibling.nextElementSibling : target.firstElementChild;
  const row = next ?? (before ? previousSibling : null);
  return row?.matches(".row") ? row : null;
}
