/**
 * Every state of the view side by side, for screenshots and for the tests of accessibility. What
 * the states are is made up here; that the widget gets into them is what the other tests show.
 */

import "../src/view/style.css";
import { type ComponentChild, render as mount } from "preact";
import ar from "../../panel_chunked/languages/ar.json";
import de from "../../panel_chunked/languages/de.json";
import es from "../../panel_chunked/languages/es.json";
import fr from "../../panel_chunked/languages/fr.json";
import ja from "../../panel_chunked/languages/ja.json";
import zh from "../../panel_chunked/languages/zh.json";
import { playing } from "../src/player";
import { UploadQueue } from "../src/queue";
import { Reconnection } from "../src/reconnect";
import { Recorder, type RecorderState, type Remark } from "../src/recorder";
import { FileSource } from "../src/source";
import { Upload, type UploadState } from "../src/upload";
import { ENGLISH, type Language, LanguageContext, language } from "../src/view/language";
import { RecorderView } from "../src/view/recorder";
import { Widget } from "../src/view/widget";
import { FakeServer, type ModelSettings } from "../tests/fake-server";
import { image, sound, video } from "./files";

const MB = 1_000_000;

interface Case {
  name: string;
  settings?: ModelSettings;
  /** What is shown below the button. */
  uploads?: Upload[];
  connection?: "reconnecting" | "lost";
  recorder?: { now: RecorderState; remark?: Remark };
  language?: Language;
  prepare?: (queue: UploadQueue, section: () => HTMLElement) => void;
}

let keys = 0;

/** An upload that is in this state, of a file that has only a name and a size. */
function upload(name: string, size: number, state: UploadState, stored = 0, more = {}): Upload {
  const file = Object.defineProperty(new File([], name), "size", { value: size });
  return uploadOf(file, state, stored, more);
}

function uploadOf(file: File, state: UploadState, stored = file.size, more = {}): Upload {
  keys += 1;
  const made = new Upload(`k${keys}`, new FileSource(file), file.name);
  made.state.value = state;
  made.stored.value = stored;
  const { rate, timeLeft, isHeld, isPaused, resumedAt } = { ...FACTS, ...more };
  made.rate.value = rate;
  made.timeLeft.value = timeLeft;
  made.isHeld.value = isHeld;
  made.isPaused.value = isPaused;
  made.resumedAt.value = resumedAt;
  return made;
}

const FACTS = {
  rate: null as number | null,
  timeLeft: null as number | null,
  isHeld: false,
  isPaused: false,
  resumedAt: 0,
};

const running: UploadState = { kind: "running", id: "u" };
const complete: UploadState = { kind: "complete", id: "u" };
const failed = (code: string, message: string): UploadState => ({
  kind: "failed",
  failure: { code, message },
});
const moving = { rate: 12.4 * MB, timeLeft: 74 };

const STATES: [string, UploadState, number?, object?][] = [
  ["queued", { kind: "queued" }],
  ["checking", { kind: "checking", id: "u" }, 600 * MB],
  ["running", running, 412 * MB, moving],
  ["held up by the server", running, 412 * MB, { ...moving, isHeld: true }],
  ["resumed", running, 700 * MB, { ...moving, resumedAt: 655 * MB }],
  ["paused", running, 412 * MB, { isPaused: true }],
  ["finishing", { kind: "finishing", id: "u" }, 1340 * MB],
  ["complete", complete, 1340 * MB],
  ["complete early", { kind: "complete", id: "u", enough: 4 * MB }, 4 * MB],
  ["cancelled", { kind: "cancelled" }],
  ["refused", { kind: "refused", failure: { code: "not_accepted", accept: [".csv", "image/*"] } }],
  [
    "refused for its size",
    { kind: "refused", failure: { code: "file_too_large", size: 1340 * MB, limit: 5 * MB } },
  ],
  ["failed", failed("storage", "The server could not store the file: Permission denied.")],
  ["failed for good", failed("taken_over", "Another page goes on with this upload.")],
];

/** So many, of which some are complete, three run, and the rest waits. */
function photos(count: number, done: number): Upload[] {
  return Array.from({ length: count }, (_, n) => {
    const size = (1 + (n % 7)) * MB;
    const name = `IMG_${String(n).padStart(4, "0")}.jpg`;
    if (n < done) return upload(name, size, complete, size);
    if (n < done + 3) return upload(name, size, running, 5e5, moving);
    return upload(name, size, { kind: "queued" });
  });
}

const CASES: Case[] = [
  { name: "empty", settings: { multiple: false } },
  {
    name: "limits",
    settings: {
      accept: [".csv", "image/*"],
      max_file_size: 5e9,
      max_files: 20,
      max_total_size: 20e9,
    },
  },
  {
    name: "label",
    settings: { label: "Measurements", description: "<p>As <b>CSV</b>, one per day.</p>" },
  },
  { name: "dropzone", settings: { layout: "dropzone", accept: [".csv"], max_file_size: 5e9 } },
  { name: "button", settings: { layout: "button" } },
  {
    name: "button with a file",
    settings: { layout: "button" },
    uploads: [upload("a.csv", 12_345, complete, 12_345)],
  },
  {
    name: "refusing what is dragged over",
    settings: { accept: ["image/*"] },
    prepare: (_, section) => dragOver(section(), "text/csv"),
  },
  {
    name: "button dragged over",
    settings: { layout: "button" },
    prepare: (_, section) => dragOver(section()),
  },
  { name: "folder", settings: { directory: true } },
  { name: "disabled", settings: { disabled: true } },
  {
    name: "disabled with files",
    settings: { disabled: true },
    uploads: [upload("a.csv", 12_345, complete, 12_345), upload("b.csv", 3 * MB, complete)],
  },
  { name: "disabled dropzone", settings: { disabled: true, layout: "dropzone" } },
  { name: "dragged over", prepare: (_, section) => dragOver(section()) },
  {
    name: "dragged over the dropzone",
    settings: { layout: "dropzone" },
    prepare: (_, section) => dragOver(section()),
  },
  ...STATES.map(([name, state, stored, more]) => ({
    name,
    uploads: [upload("interview with the mayor.mp4", 1340 * MB, state, stored, more)],
  })),
  {
    name: "waiting for the server",
    uploads: [upload("clip.mp4", 1340 * MB, running, 412 * MB, moving)],
    prepare: (queue) => {
      queue.silence.isLong.value = true;
    },
  },
  {
    name: "reconnecting",
    connection: "reconnecting",
    uploads: [upload("clip.mp4", 1340 * MB, running, 412 * MB, moving)],
  },
  {
    name: "connection lost",
    connection: "lost",
    uploads: [upload("clip.mp4", 1340 * MB, running, 412 * MB, moving)],
  },
  {
    name: "notice",
    prepare: (queue) => {
      queue.notice.value = { kind: "drop_unreadable" };
    },
  },
  {
    name: "three files",
    uploads: [
      upload("a.csv", 12_345, complete, 12_345),
      upload("b.csv", 80 * MB, running, 31 * MB, moving),
      upload("c.csv", 3 * MB, { kind: "queued" }),
    ],
  },
  {
    name: "three ended",
    uploads: [
      upload("a.csv", 12_345, complete, 12_345),
      upload("b.csv", 80 * MB, failed("busy", "More than 8 uploads are under way."), 0),
      upload("c.csv", 3 * MB, complete, 3 * MB),
    ],
  },
  {
    name: "asked whether to remove all",
    uploads: [upload("a.csv", 12_345, complete), upload("c.csv", 3 * MB, complete)],
    prepare: (_, section) =>
      section().querySelector<HTMLElement>("[aria-label='Remove all files']")?.click(),
  },
  { name: "200 files", uploads: photos(200, 90) },
  {
    name: "all of 30 files",
    uploads: photos(30, 3),
    prepare: (_, section) => section().querySelector<HTMLElement>(".more")?.click(),
  },
  {
    name: "long name",
    uploads: [
      upload(`${"a very long name ".repeat(12)}.mp4`, 1340 * MB, running, 412 * MB, moving),
    ],
  },
  {
    name: "name from right to left",
    uploads: [upload("مقابلة مع رئيس البلدية.mp4", 1340 * MB, running, 412 * MB, moving)],
  },
  ...Object.entries({ ar, de, es, fr, ja, zh }).map(([tag, texts]) => ({
    name: `in ${tag}`,
    language: language(tag, texts),
    settings: { accept: [".csv", "image/*"], max_file_size: 5e9, max_files: 20 },
    uploads: [
      upload("interview with the mayor.mp4", 1340 * MB, running, 412 * MB, moving),
      upload("measurements.csv", 3 * MB, complete, 3 * MB),
      upload("summary.pdf", 7e9, {
        kind: "refused",
        failure: { code: "file_too_large", size: 7e9, limit: 5e9 },
      }),
    ],
  })),
  { name: "recorder in ar", language: language("ar", ar), recorder: { now: { kind: "asking" } } },
  ...[true, false].map((previews) => ({
    name: previews ? "previews" : "no previews",
    settings: { previews },
    uploads: [
      uploadOf(image("house.png"), complete),
      uploadOf(video("sunset.webm"), running, 500, moving),
      uploadOf(sound("lecture.wav"), complete),
      uploadOf(sound("interview.wav"), running, 50_000, moving),
      uploadOf(image("plan.png"), failed("busy", "More than 8 uploads are under way."), 0),
      uploadOf(image("garden.png"), { kind: "queued" }, 0),
    ],
  })),
  {
    name: "kinds of files",
    uploads: ["broken.png", "clip.mkv", "all.zip", "data.csv", "paper.pdf", "disk.bin"].map(
      (name) => upload(name, 4 * MB, { kind: "queued" }),
    ),
  },
  {
    name: "a sound that cannot be played",
    uploads: [upload("song.mid.mp3", 4 * MB, complete)],
    prepare: (_, section) =>
      section().querySelector<HTMLElement>("[aria-label='Play song.mid.mp3']")?.click(),
  },
  {
    name: "playing a sound",
    uploads: [uploadOf(sound("lecture.wav"), complete)],
    prepare: ({ uploads }) => {
      const file = uploads.value[0]?.source.file ?? null;
      playing.subscribe((it) => {
        if (it === null) playing.value = file; // once the one above has failed, too
      });
    },
  },
  { name: "recorder", recorder: { now: { kind: "idle" } } },
  { name: "recorder asking", recorder: { now: { kind: "asking" } } },
  { name: "recorder refused", recorder: { now: { kind: "idle" }, remark: "denied" } },
];

function dragOver(section: HTMLElement, type = ""): void {
  const event = new Event("dragover", { bubbles: true, cancelable: true });
  const items = [{ kind: "file", type }];
  const dataTransfer = { types: ["Files"], items, files: [], dropEffect: "" };
  section.dispatchEvent(Object.assign(event, { dataTransfer }));
}

function show(
  { settings = {}, uploads = [], connection, recorder, prepare, language: its = ENGLISH }: Case,
  el: HTMLElement,
) {
  const reconnection =
    connection &&
    new Reconnection(
      () => true,
      () => connection !== "lost",
    );
  const server = Object.assign(new FakeServer(), { auto: false, reconnection });
  server.view = recorder ? "recorder" : "files";
  const channel = server.connect({ label: "", ...settings });
  const queue = new UploadQueue();
  queue.attach(channel);
  server.answer(); // the hello, or the page would soon say that it waits
  queue.uploads.value = uploads;
  const common = { queue, settings: channel.settings };
  const localized = (widget: ComponentChild) => (
    <LanguageContext.Provider value={its}>{widget}</LanguageContext.Provider>
  );
  if (recorder) {
    const shown = new Recorder(queue);
    shown.now.value = recorder.now;
    shown.remark.value = recorder.remark ?? null;
    mount(localized(<RecorderView {...common} recorder={shown} />), el);
  } else mount(localized(<Widget {...common} />), el);
  reconnection?.lost(new WeakRef({}));
  prepare?.(queue, () => el.querySelector("section") as HTMLElement);
}

export function render({ el }: { el: HTMLElement }): void {
  for (const it of CASES) {
    const place = document.createElement("div");
    place.dataset.case = it.name;
    place.style.padding = "10px";
    el.append(place);
    show(it, place);
  }
}

export default { render };
