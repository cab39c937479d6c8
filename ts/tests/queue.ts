/** A queue in front of a server, for tests. */

import { UploadQueue } from "../src/queue";
import type { UploadState } from "../src/upload";
import { FakeServer, type ModelSettings } from "./fake-server";
import { makeFile, picked } from "./files";
import { quiet, until } from "./waiting";

export const KiB = 1024;

export function setUp(settings: ModelSettings = {}, options: Partial<FakeServer> = {}) {
  const server = Object.assign(new FakeServer(), options);
  const queue = new UploadQueue();
  const batches: string[][] = [];
  queue.onBatch = (files) => batches.push(files.map(({ file }) => file.name));
  queue.attach(server.connect(settings));
  return { server, queue, batches };
}

export function states(queue: UploadQueue): UploadState["kind"][] {
  return queue.uploads.value.map(({ state }) => state.value.kind);
}

export function upload(queue: UploadQueue, name: string) {
  const found = queue.uploads.value.filter(({ source }) => source.name === name).at(-1);
  if (found === undefined) throw new Error(`There is no row for ${name}.`);
  return found;
}

export async function ended(queue: UploadQueue): Promise<void> {
  await until(() => queue.uploads.value.every(({ active }) => !active));
}

/** Whether a new upload gets all of the window, and no more of it. */
export async function windowIsWhole(server: FakeServer, queue: UploadQueue): Promise<boolean> {
  server.answerAll();
  server.auto = false;
  queue.add(picked(makeFile(server.maxInFlight * 3, "probe.bin")));
  server.answerAll();
  await until(() => server.inFlight >= server.maxInFlight);
  await quiet();
  return server.inFlight === server.maxInFlight;
}
