/** Where the focus goes when what has it goes. */

import { useLayoutEffect } from "preact/hooks";

/**
 * Keep the focus in a widget: when its element is removed, it goes to the same button of the row
 * that is in its place now, or of the one before; if there is none, to the button that chooses.
 */
export function useKeptFocus(widget: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const section = widget.current;
    return section === null ? undefined : keepFocus(section);
  }, [widget]);
}

/** Gives what ends it. */
function keepFocus(section: HTMLElement): () => void {
  const end = new AbortController();
  const { signal } = end;
  let last: Element | null = null;
  const came = ({ target }: FocusEvent) => {
    last = target instanceof Element ? target : null;
  };
  // Browsers may tell of this when the element is removed, too, and not only when it is left.
  const left = async () => {
    await null;
    const root = section.getRootNode() as Document | ShadowRoot;
    if (last?.isConnected && last !== root.activeElement) last = null;
  };
  section.addEventListener("focusin", came, { signal });
  section.addEventListener("focusout", left, { signal });
  const observer = new MutationObserver((records) => {
    if (last === null || last.isConnected) return;
    const gone = last;
    last = null;
    const { activeElement, body } = document;
    if (activeElement === null || activeElement === body) focusInstead(section, gone, records);
  });
  observer.observe(section, { childList: true, subtree: true });
  signal.addEventListener("abort", () => observer.disconnect());
  return () => end.abort();
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
