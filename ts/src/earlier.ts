/**
 * What pages before have begun of the files of this one, and later ones will find. `place` is that of
 * the widget in the app: another widget may be for the same file, too.
 */

import { handleOf } from "./handles";
import { MIN_RESUMABLE, type Resumables } from "./resumables";
import type { Upload } from "./upload";

/** Have uploads go on with what was begun of their files, unless one that is `open` does already. */
export function findEarlier(
  resumables: Resumables,
  place: string,
  uploads: Upload[],
  open: Upload[],
): void {
  const taken = new Set(open.map(({ earlier }) => earlier?.id));
  for (const upload of uploads) {
    const { file } = upload.source;
    if (file === null || file.size < MIN_RESUMABLE) continue;
    const earlier = resumables.find(resumables.fingerprint(place, file, upload.relativePath));
    if (earlier === null || taken.has(earlier.id)) continue;
    upload.earlier = earlier;
    taken.add(earlier.id);
  }
}

/** Have later pages find an upload; one that `waits` for its turn only if there is room. */
export function remember(
  resumables: Resumables,
  place: string,
  { id, secret, earlier, source: { file }, relativePath }: Upload,
  waits: boolean,
): void {
  if (id === null) return;
  // The server does not know any more what was begun earlier.
  if (earlier !== null && earlier.id !== id) resumables.dismiss(earlier.id);
  if (file === null || file.size < MIN_RESUMABLE || secret === "") return;
  const fingerprint = resumables.fingerprint(place, file, relativePath);
  resumables.remember(fingerprint, { id, secret }, handleOf(file), waits);
}

/** An upload has ended: only if it was taken over, another page remembers it as well. */
export function forget(resumables: Resumables, { secret, state: { value } }: Upload): void {
  const isTakenOver = value.kind === "failed" && value.failure.code === "taken_over";
  if (isTakenOver) resumables.leave(secret);
  else resumables.forget(secret);
}
