/** Files from a file dialog, a drop or the clipboard, with their paths. */

import { fromEvent } from "file-selector";
import type { PickedFile } from "./queue";

/**
 * Give the files of a `change`, `drop` or `paste` event; folders that were dropped are walked
 * through.
 */
export async function pickedFiles(event: Event): Promise<PickedFile[]> {
  const pasted = "clipboardData" in event ? (event as ClipboardEvent).clipboardData : null;
  const items = pasted ? [...pasted.files] : await fromEvent(event);
  const files = items
    .filter((item) => item instanceof File)
    .map((file) => ({ file, relativePath: relativePath(file) }));
  const isFolder = files.some(({ relativePath }) => relativePath.includes("/"));
  return isFolder ? files.sort(byPath) : files; // which come in any order
}

const ORDER = new Intl.Collator(undefined, { numeric: true });

function byPath(one: PickedFile, other: PickedFile): number {
  return ORDER.compare(one.relativePath, other.relativePath);
}

function relativePath(file: File & { relativePath?: string }): string {
  // "./name" for a file by itself, "/folder/name" for one in a folder
  const path = file.webkitRelativePath || file.relativePath || file.name;
  return path.replace(/^\.?\/+/, "");
}
