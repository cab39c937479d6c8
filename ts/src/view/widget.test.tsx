// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeStorage } from "../../tests/browser-storage";
import { FakeServer, type ModelSettings } from "../../tests/fake-server";
import { makeFile, repeated } from "../../tests/files";
import { turn, until } from "../../tests/waiting";
import type { FileHandle } from "../handles";
import { UploadQueue } from "../queue";
import { Reconnection } from "../reconnect";
import { MIN_RESUMABLE, Resumables } from "../resumables";
import { FileSource } from "../source";
import { Upload, type UploadState } from "../upload";
import { Widget } from "./widget";

let root: HTMLElement;

beforeEach(() => {
  root = document.body.appendChild(document.createElement("div"));
});

afterEach(() => {
  render(null, root);
  root.remove();
});

function show(
  settings: ModelSettings = {},
  auto = true,
  reconnection?: Reconnection,
  resumables?: Resumables,
) {
  const server = Object.assign(new FakeServer(), { auto, reconnection });
  const channel = server.connect(settings);
  const queue = new UploadQueue(undefined, undefined, resumables);
  queue.attach(channel);
  render(<Widget queue={queue} settings={channel.settings} />, root);
  return { server, queue };
}

/** Show a single row in this state. */
function showRow(state: UploadState, reconnection?: Reconnection) {
  const { queue, server } = show({}, false, reconnection);
  const upload = new Upload("k1", new FileSource(makeFile(1000, "clip.mp4")), "holiday/clip.mp4");
  upload.state.value = state;
  queue.uploads.value = [upload];
  return { queue, upload, server };
}

function find<E extends HTMLElement>(selector: string): E {
  const found = root.querySelector<E>(selector);
  if (found === null) throw new Error(`There is no ${selector} in ${root.innerHTML}`);
  return found;
}

/** Click what has the focus, as in a browser. */
function press(selector: string): void {
  find(selector).focus();
  find(selector).click();
}

function text(selector: string): string {
  return (find(selector).textContent ?? "").replaceAll("\u00a0", " ");
}

function drag(
  type: string,
  types = ["Files"],
  { kind = "", target = find("section") as EventTarget } = {},
): Event & { dataTransfer: { dropEffect: string } } {
  const event = new Event(type, { bubbles: true, cancelable: true });
  const item = { kind: "file", type: kind, getAsFile: () => makeFile(3, "a.txt") };
  const dataTransfer = { types, items: [item], files: [], dropEffect: "" };
  const withData = Object.assign(event, { dataTransfer });
  target.dispatchEvent(withData);
  return withData;
}

function paste(files: File[], target: EventTarget = find(".choose")): Event {
  const event = new Event("paste", { bubbles: true, cancelable: true, composed: true });
  Object.assign(event, { clipboardData: { files } });
  target.dispatchEvent(event);
  return event;
}

describe("a row", () => {
  it.each<[UploadState, string]>([
    [{ kind: "queued" }, "Waiting"],
    [{ kind: "created", id: "u1" }, "Waiting"],
    [{ kind: "running", id: "u1" }, "0%"],
    [{ kind: "finishing", id: "u1" }, "0%"], // it is all sent, and not yet stored
    [{ kind: "complete", id: "u1" }, "Uploaded"],
    [{ kind: "complete", id: "u1", enough: 10 }, "Complete, the app needed no more than 10 bytes"],
    [{ kind: "cancelled" }, "Cancelled"],
    [{ kind: "refused", failure: { code: "unreadable" } }, "Refused: The file could not be read"],
    [{ kind: "failed", failure: { code: "storage", message: "Full." } }, "Failed: Full."],
  ])("says its state: %o", async (state, said) => {
    showRow(state);
    await turn();
    expect(find("li.row").dataset.state).toBe(state.kind);
    expect(text(".detail")).toContain(said);
    expect(text(".name")).toBe("clip.mp4");
  });

  it("is finishing once all is stored", async () => {
    const { upload } = showRow({ kind: "finishing", id: "u1" });
    upload.stored.value = 1000;
    await turn();
    expect(text(".detail")).toContain("Finishing");
  });

  it.each<[UploadState, number, string]>([
    [{ kind: "queued" }, 0, "1 kB"],
    [{ kind: "running", id: "u1" }, 250, "250 bytes of 1 kB"],
    [{ kind: "finishing", id: "u1" }, 1000, "1 kB"],
    [{ kind: "complete", id: "u1" }, 1000, "1 kB"],
    [{ kind: "complete", id: "u1", enough: 10 }, 10, "1 kB"],
  ])("says how much it is, and how much is stored: %o", async (state, stored, said) => {
    const { upload } = showRow(state);
    upload.stored.value = stored;
    await turn();
    expect(text(".size")).toBe(said);
  });

  it.each<[boolean, UploadState, string, number]>([
    [true, { kind: "running", id: "u1" }, "The connection is lost. Reconnecting", 1],
    [true, { kind: "queued" }, "The connection is lost. Reconnecting", 0],
    [false, { kind: "running", id: "u1" }, "Reload the page, then choose the file again.", 0],
    [false, { kind: "queued" }, "Reload the page, then choose the file again.", 0],
    [false, { kind: "complete", id: "u1" }, "Uploaded", 0],
  ])("says that the connection is lost: %s, %o", async (reconnects, state, said, bars) => {
    const reconnection = new Reconnection(
      () => false,
      () => reconnects,
    );
    showRow(state, reconnection);
    await turn();
    const before = text(".detail");
    reconnection.lost(new WeakRef({}));
    await turn();
    expect(text(".detail")).toContain(said);
    expect(root.querySelectorAll("progress").length).toBe(bars);
    reconnection.restored();
    await turn();
    expect(text(".detail")).toBe(before);
  });

  it.each<[UploadState, string]>([
    [{ kind: "queued" }, "Cancel the upload of clip.mp4"],
    [{ kind: "running", id: "u1" }, "Cancel the upload of clip.mp4"],
    [{ kind: "complete", id: "u1" }, "Remove clip.mp4"],
    [{ kind: "cancelled" }, "Dismiss the message about clip.mp4"],
    [{ kind: "failed", failure: { code: "unreadable" } }, "Dismiss the message about clip.mp4"],
  ])("has a button that says what it does: %o", async (state, label) => {
    showRow(state);
    await turn();
    expect(find(".action:last-child").getAttribute("aria-label")).toBe(label);
  });

  it.each<[string, boolean, string[]]>([
    ["storage", false, ["Retry clip.mp4", "Dismiss the message about clip.mp4"]],
    ["storage", true, ["Dismiss the message about clip.mp4"]],
    ["taken_over", false, ["Dismiss the message about clip.mp4"]],
  ])("can be tried again if that may help: %s, disabled %s", async (code, disabled, labels) => {
    const { server } = showRow({ kind: "failed", failure: { code, message: "It broke." } });
    server.set({ disabled });
    await turn();
    const buttons = [...root.querySelectorAll(".row button")];
    expect(buttons.map((button) => button.getAttribute("aria-label"))).toEqual(labels);
  });

  it("is another one when it is tried again, and has the focus", async () => {
    const { queue, upload } = showRow({ kind: "failed", failure: { code: "unreadable" } });
    await turn();
    press("[aria-label='Retry clip.mp4']");
    await turn();
    expect(queue.uploads.value).toHaveLength(1);
    expect(queue.uploads.value[0]).not.toBe(upload);
    expect(find("li.row").dataset.state).toBe("queued");
    expect(document.activeElement).toBe(find("[aria-label='Pause the upload of clip.mp4']"));
  });

  it("counts down until it is tried again, and can be cancelled", async () => {
    const { queue, upload } = showRow({ kind: "queued" });
    upload.end({ kind: "failed", failure: { code: "busy", message: "Too much." } });
    queue.retries.ended(upload);
    await turn();
    expect(text(".detail")).toMatch(/^clip.mp4: Failed: Too much\.Trying again in [12] sec$/);
    expect(text("[role=alert]")).not.toContain("again"); // or it would be read out each second
    expect(find(".action:last-child").title).toBe("Cancel the upload of clip.mp4");
    find(".action:last-child").click();
    await turn();
    expect(text(".detail")).toBe("Cancelled1 kB");
  });

  it("shows how much is stored, how fast, and for how long", async () => {
    const { upload } = showRow({ kind: "running", id: "u1" });
    upload.stored.value = 250;
    upload.rate.value = 50;
    upload.timeLeft.value = 15;
    await turn();
    expect(find<HTMLProgressElement>("progress").value).toBe(250);
    expect(find<HTMLProgressElement>("progress").max).toBe(1000);
    const parts = [...find(".detail").querySelectorAll("span")].map((span) => span.textContent);
    expect(parts).toEqual(["25%", "250 bytes of 1 kB", "0.1 kB/s", "15 sec left"]);
  });

  it("can be paused and goes on", async () => {
    const { upload } = showRow({ kind: "running", id: "u1" });
    upload.stored.value = 250;
    await turn();
    const button = find("[aria-label='Pause the upload of clip.mp4']");
    button.focus();
    button.click();
    await turn();
    expect(document.activeElement).toBe(find("[aria-label='Go on with the upload of clip.mp4']"));
    expect(text("[role=status]")).toBe("Paused: 0 of 1 file, 25%");
    expect(text(".detail")).toBe("Paused25%250 bytes of 1 kB");
    expect(find("progress").className).toBe("paused");
    find("[aria-label='Go on with the upload of clip.mp4']").click();
    await turn();
    expect(text(".detail")).not.toContain("Paused");
  });

  it("does what its button says", async () => {
    const { queue, upload } = showRow({ kind: "running", id: "u1" });
    await turn();
    press(".action:last-child");
    expect(upload.state.value.kind).toBe("cancelled");
    await turn();
    press(".action");
    expect(queue.uploads.value).toEqual([]);
    await turn();
    expect(document.activeElement).toBe(find(".choose"));
  });

  it.each<UploadState>([
    { kind: "refused", failure: { code: "unreadable" } },
    { kind: "failed", failure: { code: "unreadable" } },
  ])("is an alert when something is wrong: %o", async (state) => {
    showRow(state);
    await turn();
    expect(text("[role=alert]")).not.toBe("");
  });

  it("is isolated from a name that runs the other way", async () => {
    const { queue } = show({}, false);
    queue.uploads.value = [
      new Upload("k1", new FileSource(makeFile(1, "photo_\u202egnp.exe")), ""),
    ];
    await turn();
    expect(text(".name bdi")).toBe("photo_gnp.exe");
    const label = find(".action:last-child").getAttribute("aria-label");
    expect(label).toBe("Cancel the upload of photo_gnp.exe");
  });

  it.each<UploadState>([
    { kind: "queued" },
    { kind: "running", id: "u1" },
    { kind: "complete", id: "u1" },
    { kind: "failed", failure: { code: "unreadable" } },
  ])("has an icon, so that its name stays where it is: %o", async (state) => {
    showRow(state);
    await turn();
    expect(root.querySelectorAll(".thumbnail > .icon-video")).toHaveLength(1);
  });
});

describe("many rows", () => {
  const RUNNING = { kind: "running", id: "u" } as const;
  const COMPLETE = { kind: "complete", id: "u" } as const;
  const FAILED = { kind: "failed", failure: { code: "unreadable" } } as const;
  const WAITING = { kind: "created", id: "u" } as const;

  /** Show a row for each state, named by its number. */
  async function showRows(states: UploadState[]) {
    const { queue } = show({}, false);
    queue.uploads.value = states.map((state, n) => {
      const upload = new Upload(`k${n}`, new FileSource(makeFile(1, String(n))), String(n));
      upload.state.value = state;
      return upload;
    });
    await turn();
    return queue.uploads.value;
  }

  function shown(): (string | null)[] {
    return [...root.querySelectorAll(".name")].map((name) => name.textContent);
  }

  it("are those that run, have gone wrong, wait, or were completed last", async () => {
    await showRows([FAILED, ...Array(8).fill(COMPLETE), RUNNING, RUNNING, WAITING]);
    expect(shown()).toEqual(["0", "7", "8", "9", "10", "11"]);
    expect(text(".more")).toBe("Show 6 more files");
  });

  it("never hide what runs behind what waits or has failed", async () => {
    await showRows([...Array(9).fill(FAILED), ...Array(9).fill(WAITING), RUNNING]);
    expect(shown()).toEqual(["0", "1", "2", "3", "4", "18"]);
  });

  it("follow the uploads", async () => {
    const uploads = await showRows([RUNNING, ...Array(9).fill(WAITING)]);
    expect(shown()).toEqual(["0", "1", "2", "3", "4", "5"]);
    const [first, second] = uploads as [Upload, Upload];
    first.state.value = COMPLETE;
    second.state.value = RUNNING;
    await turn();
    expect(shown()).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  it("can all be shown, some with each frame, where the keyboard scrolls them; and few again", async () => {
    const frames: FrameRequestCallback[] = [];
    vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) =>
      frames.push(callback),
    );
    await showRows(Array(208).fill(COMPLETE));
    expect(text(".more")).toBe("Show 202 more files");
    expect(find("ul").hasAttribute("tabindex")).toBe(false);
    find(".more").click();
    await turn();
    expect(text(".more")).toBe("Show fewer files");
    expect(find("ul").tabIndex).toBe(0);
    const counts = [shown().length];
    while (counts.at(-1) !== 208) {
      await until(() => frames.length > 0);
      for (const callback of frames.splice(0)) callback(0);
      await turn();
      counts.push(shown().length);
    }
    expect([...new Set(counts)]).toEqual([100, 200, 208]);
    find(".more").click();
    await turn();
    expect(shown()).toHaveLength(6);
  });

  it("are no alerts each, and say nothing one by one", async () => {
    await showRows(Array(9).fill(FAILED));
    expect(root.querySelectorAll(".rows :is([role=alert], [role=status])")).toHaveLength(0);
  });

  it("hand the focus on to the next as they go, or else to the one before", async () => {
    const { queue } = show({}, false);
    const names = ["a", "b", "c"];
    queue.uploads.value = names.map((name) => {
      const upload = new Upload(name, new FileSource(makeFile(1, name)), name);
      upload.state.value = COMPLETE;
      return upload;
    });
    await turn();
    const focused = () => document.activeElement?.getAttribute("aria-label");
    find("[aria-label='Remove b']").focus();
    for (const [gone, next] of [
      ["b", "Remove c"],
      ["c", "Remove a"],
      ["a", null],
    ]) {
      queue.uploads.value = queue.uploads.value.filter(({ key }) => key !== gone);
      await turn();
      expect(focused()).toBe(next ?? find(".choose").getAttribute("aria-label"));
    }
    expect(document.activeElement).toBe(find(".choose"));
  });

  it("never hand the focus on to a button that removes from one that does not", async () => {
    const [first] = await showRows([FAILED, COMPLETE]);
    find("[aria-label='Dismiss the message about 0']").focus();
    find("[aria-label='Dismiss the message about 0']").click();
    await turn();
    expect(first?.state.value.kind).toBe("failed");
    expect(shown()).toEqual(["1"]);
    expect(document.activeElement).toBe(find(".choose"));
  });

  it("leave the focus alone that is elsewhere", async () => {
    const [first] = await showRows([FAILED, COMPLETE]);
    find("[aria-label='Dismiss the message about 0']").focus();
    (document.activeElement as HTMLElement).blur();
    await turn();
    find("[aria-label='Dismiss the message about 0']").click();
    await turn();
    expect(first).toBeDefined();
    expect(document.activeElement).toBe(document.body);
  });

  it("need no button if they are few", async () => {
    await showRows(Array(6).fill(COMPLETE));
    expect(root.querySelector(".more")).toBeNull();
  });
});

describe("the summary", () => {
  const RUNNING = { kind: "running", id: "u" } as const;
  const COMPLETE = { kind: "complete", id: "u" } as const;
  const FAILED = { kind: "failed", failure: { code: "unreadable" } } as const;
  const QUEUED = { kind: "queued" } as const;

  async function showAll(states: UploadState[]) {
    const { queue, server } = show({}, false);
    queue.uploads.value = states.map((state, n) => {
      const upload = new Upload(`k${n}`, new FileSource(makeFile(1000, `${n}.bin`)), String(n));
      upload.state.value = state;
      return upload;
    });
    await turn();
    return { uploads: queue.uploads.value, queue, server };
  }

  function labels(): (string | null)[] {
    const buttons = [...root.querySelectorAll(".summary button")];
    return buttons.map((button) => button.getAttribute("aria-label"));
  }

  function facts(): string[] {
    return [...root.querySelectorAll(".facts span")].map(({ textContent }) => textContent ?? "");
  }

  it("is not there for a single file", async () => {
    await showAll([RUNNING]);
    expect(root.querySelector(".summary")).toBeNull();
  });

  it("adds up what runs and what is there", async () => {
    const { uploads } = await showAll([COMPLETE, RUNNING, RUNNING, QUEUED, FAILED]);
    const [, first, second] = uploads as [Upload, Upload, Upload];
    first.stored.value = 400;
    first.rate.value = second.rate.value = 50;
    await turn();
    expect(facts()).toEqual(["1 of 4 files", "35%", "0.1 kB/s", "26 sec left"]);
    expect(labels()).toEqual(["Retry all that failed", "Pause all uploads", "Cancel all uploads"]);
  });

  it("tells no speed while nothing comes from the server", async () => {
    const { uploads, queue } = await showAll([RUNNING, RUNNING]);
    for (const upload of uploads) upload.rate.value = 50;
    queue.silence.isLong.value = true;
    await turn();
    expect(facts()).toEqual(["0 of 2 files", "0%"]);
  });

  it("removes nothing while the widget is disabled", async () => {
    const { server } = await showAll([COMPLETE, COMPLETE]);
    server.set({ disabled: true });
    await turn();
    expect(facts()).toEqual(["2 files, 2 kB"]);
    expect(labels()).toEqual([]);
    expect([...root.querySelectorAll(".name")].map((it) => it.textContent)).toEqual([
      "0.bin",
      "1.bin",
    ]);
    expect(root.querySelectorAll(".row button")).toHaveLength(0);
  });

  it("says how many there are and have failed", async () => {
    await showAll([COMPLETE, COMPLETE, FAILED]);
    expect(facts()).toEqual(["2 files, 2 kB", "1 failed"]);
    expect(labels()).toEqual(["Retry all that failed", "Remove all files"]);
  });

  it("speaks of one file if only one is there", async () => {
    await showAll([COMPLETE, FAILED]);
    expect(facts()).toEqual(["1 file, 1 kB", "1 failed"]);
  });

  it("pauses all, and has all go on", async () => {
    await showAll([RUNNING, QUEUED]);
    find("[aria-label='Pause all uploads']").click();
    await turn();
    expect(facts()).toEqual(["0 of 2 files", "0%", "Paused"]);
    expect(labels()).toEqual(["Go on with all uploads", "Cancel all uploads"]);
    find("[aria-label='Go on with all uploads']").click();
    await turn();
    expect(labels()).toEqual(["Pause all uploads", "Cancel all uploads"]);
  });

  it("cancels all, and takes all away", async () => {
    const { uploads, queue, server } = await showAll([COMPLETE, RUNNING, QUEUED]);
    press("[aria-label='Cancel all uploads']");
    await turn();
    const kinds = uploads.map(({ state }) => state.value.kind);
    expect(kinds).toEqual(["complete", "cancelled", "cancelled"]);
    expect(document.activeElement).toBe(find(".choose"));
    find("[aria-label='Remove all files']").click(); // which asks
    await turn();
    expect(server.sent("remove")).toEqual([]);
    expect(text(".question")).toBe("Remove all files from the server?RemoveKeep");
    expect(document.activeElement).toBe(find(".question button:last-child"));
    find(".question button:last-child").click();
    await turn();
    expect(document.activeElement).toBe(find("[aria-label='Remove all files']"));
    find("[aria-label='Remove all files']").click();
    await turn();
    const escaped = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
    find(".question button:last-child").dispatchEvent(escaped);
    await turn();
    expect(document.activeElement).toBe(find("[aria-label='Remove all files']"));
    find("[aria-label='Remove all files']").click();
    await turn();
    find(".question button").click();
    expect(queue.uploads.value).toHaveLength(1); // it goes when the server has deleted it
    expect(server.sent("remove")).toHaveLength(1);
  });

  it("tries all again that failed", async () => {
    const { queue } = await showAll([COMPLETE, FAILED, FAILED]);
    find("[aria-label='Retry all that failed']").click();
    const kinds = queue.uploads.value.map(({ state }) => state.value.kind);
    expect(kinds).toEqual(["complete", "queued", "queued"]);
  });
});

describe("an offer", () => {
  /** Show what a page before has begun of some files, with their handles if there are any. */
  async function showOffers(files: File[], settings: ModelSettings = {}, handle?: FileHandle) {
    const storage = new FakeStorage() as unknown as Storage;
    const before = new Resumables(storage);
    for (const [i, file] of files.entries()) {
      const fingerprint = before.fingerprint("w1", file, `holiday/${file.name}`);
      before.remember(fingerprint, { id: `u${i}`, secret: `s${i}` });
    }
    const resumables = new Resumables(storage);
    vi.spyOn(resumables.handles, "find").mockResolvedValue(handle ?? null);
    const { server, queue } = show(settings, true, undefined, resumables);
    await until(() => root.querySelector(".offer") !== null);
    return { server, queue };
  }

  const CLIP = makeFile(repeated(MIN_RESUMABLE), "clip.mp4");

  it("says what was begun, and what to do", async () => {
    await showOffers([CLIP]);
    expect(text(".offer .name")).toBe("clip.mp4");
    expect(find(".offer .name").title).toBe("holiday/clip.mp4");
    expect(text(".offer .size")).toBe("4.2 MB");
    expect(text(".offer .detail")).toBe(
      "Its upload was begun and not ended.Choose it again to go on.",
    );
    expect(root.querySelector(".go-on")).toBeNull();
  });

  it("goes on at a click where the file is at hand", async () => {
    const handle = { requestPermission: async () => "granted", getFile: async () => CLIP };
    const { server } = await showOffers([CLIP], {}, handle as unknown as FileHandle);
    expect(text(".offer .detail")).toBe("Its upload was begun and not ended.Go on");
    expect(find(".go-on").getAttribute("aria-label")).toBe("Go on with the upload of clip.mp4");
    press(".go-on");
    await until(() => server.uploads.length === 1);
    const { relative_path, resume } = server.upload("clip.mp4").facts;
    expect({ relative_path, resume }).toEqual({
      relative_path: "holiday/clip.mp4",
      resume: { id: "u0", secret: "s0" },
    });
    expect(root.querySelector(".offer")).toBeNull();
    expect(document.activeElement).toBe(find(".choose"));
  });

  it("cannot be taken while the widget is disabled", async () => {
    await showOffers([CLIP], { disabled: true }, {} as FileHandle);
    expect(find<HTMLButtonElement>(".go-on").disabled).toBe(true);
  });

  it("goes when it is dismissed, and the button has the focus", async () => {
    await showOffers([CLIP]);
    press("[aria-label='Forget the upload of clip.mp4']");
    await turn();
    expect(root.querySelector(".offer")).toBeNull();
    expect(document.activeElement).toBe(find(".choose"));
  });

  it("goes when the file is chosen by hand", async () => {
    const { queue } = await showOffers([CLIP]);
    queue.add([{ file: CLIP, relativePath: "holiday/clip.mp4" }]);
    await turn();
    expect(root.querySelector(".offer")).toBeNull();
  });

  it("is one of a few if there are many", async () => {
    await showOffers(Array.from({ length: 9 }, (_, i) => makeFile(3, `${i}.bin`)));
    expect(root.querySelectorAll(".offer")).toHaveLength(6);
    expect(text(".more")).toBe("Show 3 more files");
    find(".more").click();
    await turn();
    expect(root.querySelectorAll(".offer")).toHaveLength(9);
    expect(text(".more")).toBe("Show fewer files");
  });
});

describe("the button", () => {
  it("and the hint say what may be picked", async () => {
    show({ multiple: false, accept: [".csv"], max_file_size: 5e6 });
    expect(text(".choose")).toBe("Choose file");
    expect(text(".limits")).toBe(".csv · up to 5 MB");
    expect(find<HTMLInputElement>("input").accept).toBe(".csv");
    expect(find<HTMLInputElement>("input").multiple).toBe(false);
  });

  it("speaks of one file if there may be only one", () => {
    show({ multiple: true, max_files: 1, max_file_size: 5e6 });
    expect(text(".choose")).toBe("Choose file");
    expect(text(".hint")).toBe("or drop a file hereup to 5 MB"); // CSS puts a dot between them
    expect(find<HTMLInputElement>("input").multiple).toBe(false);
  });

  it("follows the widget's params", async () => {
    const { server } = show({ multiple: false });
    server.set({ multiple: true, label: "Pictures", max_files: 3 });
    await turn();
    expect(text(".choose")).toBe("Choose files");
    expect(text(".label")).toContain("Pictures");
    expect(text(".limits")).toBe("up to 3 files");
  });

  it("and the hint say what is left", async () => {
    const { server, queue } = show({ max_files: 3 });
    queue.add([{ file: makeFile(3), relativePath: "a.bin" }]);
    await until(() => server.uploads[0]?.state === "complete");
    await turn();
    expect(text(".limits")).toBe("up to 3 files (2 left)");
  });

  it("cannot be used while the widget is disabled", async () => {
    const { server } = show({ disabled: true });
    expect(find<HTMLButtonElement>(".choose").disabled).toBe(true);
    expect(text(".hint")).toContain("Not available");
    server.set({ disabled: false });
    await turn();
    expect(find<HTMLButtonElement>(".choose").disabled).toBe(false);
  });

  it("has a phone open its camera if that is wanted", () => {
    show({ accept: ["image/*"], capture: "environment" });
    expect(find("input").getAttribute("capture")).toBe("environment");
  });

  it("opens the file dialog", () => {
    show();
    const click = vi.spyOn(find<HTMLInputElement>("input"), "click");
    find(".choose").click();
    expect(click).toHaveBeenCalledOnce();
  });

  it("uploads what was chosen, and the same file can be chosen again", async () => {
    const { server } = show();
    const input = find<HTMLInputElement>("input");
    const reset = vi.spyOn(input, "value", "set");
    Object.defineProperty(input, "files", { value: [makeFile(25, "a.txt")] });
    input.dispatchEvent(new Event("change", { bubbles: true }));
    await until(() => server.uploads.length === 1);
    expect(server.upload("a.txt").facts.size).toBe(25);
    expect(reset).toHaveBeenCalledWith("");
  });
});

describe("a drop", () => {
  it("is announced while files are over the widget", async () => {
    show();
    drag("dragenter");
    const over = drag("dragover");
    await turn();
    expect(over.defaultPrevented).toBe(true);
    expect(over.dataTransfer.dropEffect).toBe("copy");
    expect(find("section").className).toContain("over");
    expect(text(".hint")).toContain("Drop to upload");
    drag("dragleave");
    await turn();
    expect(find("section").className).not.toContain("over");
  });

  it("uploads the files", async () => {
    const { server } = show();
    expect(drag("drop").defaultPrevented).toBe(true);
    await until(() => server.uploads.length === 1);
    expect(server.upload("a.txt").facts.size).toBe(3);
  });

  it("of text is nothing", async () => {
    show();
    drag("dragenter", ["text/plain"]);
    const over = drag("dragover", ["text/plain"]);
    await turn();
    expect(find("section").className).not.toContain("over");
    expect(over.dataTransfer.dropEffect).toBe("none");
  });

  it("on a disabled widget uploads nothing, and does not leave the app", async () => {
    const { server } = show({ disabled: true });
    drag("dragover");
    expect(drag("drop").defaultPrevented).toBe(true);
    await turn();
    expect(server.sent("create")).toEqual([]);
    expect(find("section").className).not.toContain("over");
  });
});

describe("what is dragged over it", () => {
  it.each([
    [[], "image/png", "over", "copy"],
    [["image/*"], "image/png", "over", "copy"],
    [["image/*"], "text/csv", "refusing", "none"],
    [["image/*"], "", "over", "copy"], // the browser does not tell
    [[".csv", "image/*"], "text/plain", "over", "copy"], // it may be called .csv
  ])("is welcome or not: %o, %s", async (accept, kind, state, effect) => {
    show({ accept });
    const { dataTransfer } = drag("dragover", ["Files"], { kind });
    await turn();
    expect(find("section").classList.contains(state)).toBe(true);
    expect(dataTransfer.dropEffect).toBe(effect);
    expect(text(".hint")).toContain(
      state === "over" ? "Drop to upload" : "This kind of file is not accepted",
    );
  });
});

describe("paste", () => {
  it("uploads the files that are on the clipboard", async () => {
    const { server } = show();
    expect(paste([makeFile(3, "image.png")]).defaultPrevented).toBe(true);
    await until(() => server.uploads.length === 1);
    expect(server.upload("image.png").facts.size).toBe(3);
  });

  it("of text, into a text field, or while it is disabled is not its business", async () => {
    const { server } = show();
    expect(paste([]).defaultPrevented).toBe(false);
    const field = find("section").appendChild(document.createElement("input"));
    expect(paste([makeFile(3)], field).defaultPrevented).toBe(false);
    server.set({ disabled: true });
    await turn();
    expect(paste([makeFile(3)], find("section")).defaultPrevented).toBe(false);
    expect(server.sent("create")).toEqual([]);
  });
});

describe("a widget that takes what is dropped anywhere", () => {
  it("shows what is dragged over the page, and uploads what is dropped and pasted", async () => {
    const { server } = show({ drop_area: "page" });
    await turn();
    drag("dragover", ["Files"], { target: document.body });
    await turn();
    expect(find("section").className).toContain("over");
    drag("dragleave", ["Files"], { target: document });
    await turn();
    expect(find("section").className).not.toContain("over");
    expect(drag("drop", ["Files"], { target: document.body }).defaultPrevented).toBe(true);
    await until(() => server.uploads.length === 1);
    paste([makeFile(5, "image.png")], document.body);
    await until(() => server.uploads.length === 2);
  });

  it("leaves alone what is not a file, or is another widget's", async () => {
    const { server } = show({ drop_area: "page" });
    await turn();
    const target = document.body.appendChild(document.createElement("div"));
    expect(drag("dragover", ["text/plain"], { target }).defaultPrevented).toBe(false);
    target.addEventListener("drop", (event) => event.preventDefault());
    drag("drop", ["Files"], { target });
    await turn();
    expect(server.sent("create")).toEqual([]);
    target.remove();
  });

  it("leaves what it cannot take, being disabled or hidden, to another one", async () => {
    const { server } = show({ drop_area: "page", disabled: true });
    await turn();
    expect(drag("drop", ["Files"], { target: document.body }).defaultPrevented).toBe(false);
    expect(drag("drop").defaultPrevented).toBe(true); // on itself, it would leave the app
    server.set({ disabled: false });
    await turn();
    Object.assign(find("section"), { checkVisibility: () => false });
    expect(drag("drop", ["Files"], { target: document.body }).defaultPrevented).toBe(false);
    expect(server.sent("create")).toEqual([]);
  });

  it("listens no more once it is gone", async () => {
    const { server } = show({ drop_area: "page" });
    await turn();
    render(null, root);
    expect(drag("drop", ["Files"], { target: document.body }).defaultPrevented).toBe(false);
    await turn();
    expect(server.sent("create")).toEqual([]);
  });
});

describe("the label", () => {
  it("and the description are shown", () => {
    show({ label: "Data", description: "<p>The <b>raw</b> data.</p>" });
    expect(text(".label")).toContain("Data");
    expect(find("[role=tooltip]").innerHTML).toContain("<b>raw</b>");
    expect(find("section").getAttribute("aria-label")).toBe("Data");
  });

  it("shows the description to who comes by, until Escape", async () => {
    show({ label: "Data", description: "<p>More</p>" });
    const isOpen = () => root.querySelector(".description.open") !== null;
    await turn();
    for (const open of ["mouseenter", "focusin"]) {
      find(".description").dispatchEvent(new Event(open));
      await turn();
      expect(isOpen()).toBe(true);
      document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
      await turn();
      expect(isOpen()).toBe(false);
    }
  });

  it("takes no room if there is none", () => {
    show({ label: "" });
    expect(root.querySelector(".label")).toBeNull();
  });
});
