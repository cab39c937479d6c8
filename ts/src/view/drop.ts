/** Ways to bring files besides the dialog: they are dropped or pasted, on the widget or anywhere. */

import { type Signal, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { couldAccept } from "../limits";

/** What the files that are dragged over the place would meet there. */
export type Over = "nothing" | "welcome" | "refusal";

interface DropSettings {
  disabled: boolean;
  accept: string[];
  /** Where: on the element that gets the handlers, or anywhere on its page. */
  area: "widget" | "page";
}

interface Handlers {
  onDragOver(event: DragEvent): void;
  onDragLeave(event: DragEvent): void;
  onDrop(event: DragEvent): void;
  onPaste(event: ClipboardEvent): void;
}

/** Make a place to drop and paste files on; `take` gets the events that bring some. */
export function useDrop(
  place: { current: HTMLElement | null },
  { disabled, accept, area }: DropSettings,
  take: (event: DragEvent | ClipboardEvent) => void,
): { over: Signal<Over>; handlers: Partial<Handlers> } {
  const over = useSignal<Over>("nothing");
  // Whatever else is dragged over the page is not this widget's business.
  const isOurs = (event: DragEvent) =>
    !event.defaultPrevented &&
    (area === "widget" || (hasFiles(event.dataTransfer) && !disabled && isSeen(place.current)));
  const meets = (data: DataTransfer | null): Over => {
    if (disabled || data === null || !hasFiles(data)) return "nothing";
    const files = [...data.items].filter(({ kind }) => kind === "file");
    // A browser may not tell before the drop what is dragged.
    const isHopeless = files.length > 0 && files.every(({ type }) => !couldAccept(accept, type));
    return isHopeless ? "refusal" : "welcome";
  };
  const handlers = {
    onDragOver: (event: DragEvent) => {
      over.value = "nothing";
      if (!isOurs(event)) return;
      event.preventDefault(); // or the browser would leave the app to show the file
      over.value = meets(event.dataTransfer);
      if (event.dataTransfer) {
        event.dataTransfer.dropEffect = over.value === "welcome" ? "copy" : "none";
      }
    },
    onDragLeave: (event: DragEvent) => {
      // Leaving an element inside is told as well.
      const left = event.currentTarget;
      const inside = event.relatedTarget instanceof Node && left instanceof Node;
      if (!(inside && left.contains(event.relatedTarget as Node))) over.value = "nothing";
    },
    onDrop: (event: DragEvent) => {
      over.value = "nothing";
      if (!isOurs(event)) return;
      event.preventDefault();
      if (meets(event.dataTransfer) !== "nothing") take(event);
    },
    onPaste: (event: ClipboardEvent) => {
      const isSomewhere = isEditable(event.composedPath()[0]) || !isSeen(place.current);
      const isForOthers = event.defaultPrevented || isSomewhere;
      if (isForOthers || disabled || !event.clipboardData?.files.length) return;
      event.preventDefault();
      take(event);
    },
  };
  const latest = useRef(handlers);
  latest.current = handlers;
  useLayoutEffect(() => (area === "page" ? listen(document, latest) : undefined), [area]);
  if (area === "widget") return { over, handlers };
  // What is dropped on it while it takes nothing is not to leave the app.
  const refuse = (event: DragEvent) => event.preventDefault();
  return { over, handlers: disabled ? { onDragOver: refuse, onDrop: refuse } : {} };
}

/** Handle the events of the page; gives what ends that. */
function listen(page: Document, latest: { current: Handlers }): () => void {
  const end = new AbortController();
  const { signal } = end;
  page.addEventListener("dragover", (event) => latest.current.onDragOver(event), { signal });
  page.addEventListener("dragleave", (event) => latest.current.onDragLeave(event), { signal });
  page.addEventListener("drop", (event) => latest.current.onDrop(event), { signal });
  page.addEventListener("paste", (event) => latest.current.onPaste(event), { signal });
  return () => end.abort();
}

function hasFiles(data: DataTransfer | null): boolean {
  return data?.types.includes("Files") ?? false;
}

/** Whether it is not hidden, as in a tab that is not open. */
function isSeen(place: HTMLElement | null): boolean {
  return place?.checkVisibility?.() ?? true;
}

/** Whether what is pasted there is text. */
function isEditable(target: EventTarget | undefined): boolean {
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  return isField || (target instanceof HTMLElement && target.isContentEditable);
}
