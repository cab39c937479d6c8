/**
 * Handles of files that were dropped, kept in IndexedDB by the id of the upload: with one, the user
 * need not choose the file again. Without IndexedDB, or where it is forbidden, there are none.
 */

import { createStore, del, delMany, get, keys, set } from "idb-keyval";

/** What TypeScript's own type lacks: https://wicg.github.io/file-system-access/ */
export interface FileHandle extends FileSystemFileHandle {
  requestPermission(mode: { mode: "read" }): Promise<PermissionState>;
}

type WithHandle = File & { handle?: FileHandle };

/** The handle that came with a file. Only Chromium gives any, and only in a secure context. */
export function handleOf(file: WithHandle): FileHandle | null {
  return file.handle ?? null;
}

/** Give the file, whose handle goes with it. */
export async function fileOf(handle: FileHandle): Promise<File> {
  return Object.assign(await handle.getFile(), { handle });
}

export class Handles {
  private readonly store = createStore("panel_chunked", "handles");

  async keep(id: string, handle: FileHandle): Promise<void> {
    await orNothing(() => set(id, handle, this.store));
  }

  async find(id: string): Promise<FileHandle | null> {
    return (await orNothing(() => get<FileHandle>(id, this.store))) ?? null;
  }

  async forget(id: string): Promise<void> {
    await orNothing(() => del(id, this.store));
  }

  /** Forget those of uploads that are not known any more, as they have expired. */
  async forgetUnless(isKnown: (id: string) => boolean): Promise<void> {
    await orNothing(async () => {
      const unknown = (await keys<string>(this.store)).filter((id) => !isKnown(id));
      await delMany(unknown, this.store);
    });
  }
}

async function orNothing<T>(use: () => Promise<T>): Promise<T | null> {
  try {
    return await use();
  } catch {
    return null; // IndexedDB is missing, forbidden or full, or does not take what is no real handle
  }
}
