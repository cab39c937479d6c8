// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeServer } from "../../tests/fake-server";
import { makeFile } from "../../tests/files";
import { turn } from "../../tests/waiting";
import { UploadQueue } from "../queue";
import { Reconnection } from "../reconnect";
import { FileSource } from "../source";
import { Upload } from "../upload";
import { Announcer, SAID_EACH } from "./announcer";

const COMPLETE = { kind: "complete", id: "u" } as const;
const RUNNING = { kind: "running", id: "u" } as const;
const FAILED = { kind: "failed", failure: { code: "unreadable" } } as const;

let root: HTMLElement;
let said: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  root = document.body.appendChild(document.createElement("div"));
  said = [];
});

afterEach(() => {
  render(null, root);
  root.remove();
  vi.useRealTimers();
});

/** Show files of 100 bytes under way. */
async function announce(count: number) {
  const reconnection = new Reconnection(
    () => false,
    () => true,
  );
  const server = Object.assign(new FakeServer(), { auto: false, reconnection });
  const queue = new UploadQueue();
  queue.attach(server.connect());
  render(<Announcer queue={queue} />, root);
  const uploads = Array.from({ length: count }, (_, n) => {
    const upload = new Upload(`k${n}`, new FileSource(makeFile(100)), `${n}.bin`);
    upload.state.value = RUNNING;
    return upload;
  });
  queue.uploads.value = uploads;
  await listen();
  return { queue, uploads, reconnection };
}

/** Note what is said, if it is something else. */
async function listen(): Promise<void> {
  await turn();
  await turn();
  const text = root.querySelector("[role=status]")?.textContent ?? "";
  if (text !== "" && text !== said.at(-1)) said.push(text);
}

it("speaks at the start and at the end, and seldom between", async () => {
  const { uploads } = await announce(2);
  const [first, second] = uploads as [Upload, Upload];
  for (let stored = 1; stored <= 100; stored += 1) {
    for (const upload of uploads) upload.stored.value = stored;
    vi.advanceTimersByTime(SAID_EACH.time / 10);
    await listen();
  }
  first.state.value = COMPLETE;
  second.state.value = COMPLETE;
  await listen();
  expect(said).toEqual([
    "Uploading: 0 of 2 files, 0%",
    "Uploading: 0 of 2 files, 25%",
    "Uploading: 0 of 2 files, 50%",
    "Uploading: 0 of 2 files, 75%",
    "Uploading: 0 of 2 files, 100%",
    "Uploaded: 2 files, 200\u00a0bytes".replace("\u00a0", " "),
  ]);
});

it("leaves some seconds between, however fast it goes", async () => {
  const { uploads } = await announce(1);
  for (const stored of [30, 60, 90]) {
    for (const upload of uploads) upload.stored.value = stored;
    vi.advanceTimersByTime(SAID_EACH.time / 4);
    await listen();
  }
  expect(said).toEqual(["Uploading: 0 of 1 file, 0%"]);
});

it("says once that all are paused or cut off", async () => {
  const { uploads, reconnection } = await announce(9);
  for (const upload of uploads) {
    upload.isPaused.value = true;
    await listen();
  }
  reconnection.lost(new WeakRef({}));
  await listen();
  expect(said.slice(1)).toEqual([
    "Paused: 0 of 9 files, 0%",
    "The connection is lost. Reconnecting: 0 of 9 files, 0%",
  ]);
});

it("says how many have failed", async () => {
  const { uploads } = await announce(9);
  for (const [n, upload] of uploads.entries()) upload.state.value = n < 7 ? COMPLETE : FAILED;
  await listen();
  expect(said.at(-1)).toBe("Uploaded: 7 files, 700 bytes, 2 failed");
});

it("says nothing of files that were there before it was shown", async () => {
  const { queue } = await announce(0);
  const upload = new Upload("k", new FileSource(makeFile(100)), "a.bin");
  upload.state.value = COMPLETE;
  queue.uploads.value = [upload];
  await listen();
  expect(said).toEqual([]);
});

it("does not say any more what was removed since", async () => {
  const { queue, uploads } = await announce(2);
  for (const upload of uploads) upload.state.value = COMPLETE;
  await listen();
  queue.uploads.value = uploads.slice(1);
  await turn();
  await turn();
  expect(root.querySelector("[role=status]")?.textContent).toBe("");
});

it("says once of many that are refused at once, each of which would not say so", async () => {
  const { queue } = await announce(0);
  const refused = Array.from({ length: 7 }, (_, n) => {
    const upload = new Upload(`k${n}`, new FileSource(makeFile(100)), `${n}.bin`);
    upload.state.value = FAILED;
    return upload;
  });
  for (let pick = 0; pick < 2; pick += 1) {
    queue.uploads.value = refused;
    await listen();
    expect(said).toEqual(["7 failed"]);
    queue.uploads.value = [];
    await listen();
    expect(root.querySelector("[role=status]")?.textContent).toBe("");
    said = [];
  }
  queue.uploads.value = refused.slice(0, 6);
  await listen();
  expect(said).toEqual([]);
});

it("says nothing of what had failed before it was shown", async () => {
  const { queue } = await announce(0);
  render(null, root);
  queue.uploads.value = Array.from({ length: 7 }, (_, n) => {
    const upload = new Upload(`k${n}`, new FileSource(makeFile(100)), `${n}.bin`);
    upload.state.value = FAILED;
    return upload;
  });
  render(<Announcer queue={queue} />, root);
  await listen();
  expect(said).toEqual([]);
});
