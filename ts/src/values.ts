/**
 * `value`, `filename` and `mime_type` of the model in the page, for `jslink` and `jscallback`.
 *
 * As FileInput has them, `value` is base64. They are set only if something in the page listens,
 * and never sent to the server, which has the bytes already.
 */

import type { Settings } from "./channel";
import type { PickedFile } from "./queue";

/** The data model of a Panel ESM component, as far as it is used here. */
export interface DataModel {
  js_property_callbacks: Record<string, unknown[]> | Map<string, unknown[]>;
  setv(values: Record<string, unknown>, options: { sync: boolean }): void;
}

/** Bytes, in a page that would hold them several times as text. */
const MAX_SIZE = 100_000_000;

const NAMES = ["value", "filename", "mime_type"];

/** Give a function that sets the values of a pick; of picks in a row, in their order. */
export function pageValues(
  model: DataModel,
): (files: PickedFile[], settings: Settings) => Promise<void> {
  let before = Promise.resolve();
  return (files, { multiple, directory }) => {
    before = before
      .then(() => setPageValues(model, files, multiple, directory))
      .catch((error) => console.warn("panel_chunked: no value for a link in the page:", error));
    return before;
  };
}

async function setPageValues(
  model: DataModel,
  files: PickedFile[],
  multiple: boolean,
  directory: boolean,
): Promise<void> {
  const callbacks = model.js_property_callbacks;
  const keys = callbacks instanceof Map ? [...callbacks.keys()] : Object.keys(callbacks);
  if (!NAMES.some((name) => keys.includes(`change:${name}`))) return;
  if (files.reduce((sum, { file }) => sum + file.size, 0) > MAX_SIZE) throw new Error("too large");
  const values = {
    value: await Promise.all(files.map(({ file }) => base64(file))),
    filename: files.map(({ file, relativePath }) => (directory ? relativePath : file.name)),
    mime_type: files.map(({ file }) => file.type || "application/octet-stream"),
  };
  const last = Object.fromEntries(NAMES.map((name, i) => [name, Object.values(values)[i]?.at(-1)]));
  model.setv(multiple ? values : last, { sync: false });
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
