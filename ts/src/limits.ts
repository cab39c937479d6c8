/**
 * What may be uploaded. The server checks the same again; this spares the user the wait.
 */

/** Sizes in bytes; null is no limit. `accept` is lower case: `.ext`, `type/subtype`, `type/*`. */
export interface Limits {
  accept: string[];
  maxFileSize: number | null;
  maxTotalSize: number | null;
  maxFiles: number | null;
}

export type Refusal =
  | { code: "not_accepted"; accept: string[] }
  | { code: "file_too_large"; size: number; limit: number }
  /** `size` is what all files would have together. */
  | { code: "total_too_large"; size: number; limit: number }
  | { code: "too_many_files"; limit: number };

/** Say why this file may not be uploaded besides those already there, or null if it may. */
export function check(
  limits: Limits,
  file: Pick<File, "name" | "type"> & { size: number | null },
  held: { files: number; size: number },
): Refusal | null {
  const { accept, maxFileSize, maxTotalSize, maxFiles } = limits;
  const size = file.size ?? 0; // a recording keeps the limits while it is made
  if (!accepts(accept, file)) return { code: "not_accepted", accept };
  if (maxFileSize !== null && size > maxFileSize) {
    return { code: "file_too_large", size, limit: maxFileSize };
  }
  const files = held.files + 1;
  if (maxFiles !== null && files > maxFiles) {
    return { code: "too_many_files", limit: maxFiles };
  }
  const total = held.size + size;
  if (maxTotalSize !== null && total > maxTotalSize) {
    const code = files === 1 ? "file_too_large" : "total_too_large";
    return { code, size: total, limit: maxTotalSize };
  }
  return null;
}

/** Whether a file of this type may be accepted, as far as is known without its name. */
export function couldAccept(accept: string[], type: string): boolean {
  return accept.some((kind) => kind.startsWith(".")) || accepts(accept, { name: "", type });
}

function accepts(accept: string[], file: Pick<File, "name" | "type">): boolean {
  if (accept.length === 0 || accept.includes("*/*")) return true;
  const name = file.name.toLowerCase();
  const type = (file.type.split(";")[0] ?? "").trim().toLowerCase(); // without parameters
  return accept.some((kind) => {
    if (kind.startsWith(".")) return name.endsWith(kind);
    // The browser does not know every type; then the server, which knows more, decides.
    if (type === "") return true;
    return kind.endsWith("/*") ? type.startsWith(kind.slice(0, -1)) : type === kind;
  });
}
