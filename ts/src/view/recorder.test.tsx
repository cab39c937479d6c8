// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeStream, lastRecorder, stubMedia } from "../../tests/fake-media";
import { FakeServer, type ModelSettings } from "../../tests/fake-server";
import { pattern } from "../../tests/files";
import { turn, until } from "../../tests/waiting";
import { UploadQueue } from "../queue";
import { Reconnection } from "../reconnect";
import { Recorder } from "../recorder";
import { RecorderView } from "./recorder";

let root: HTMLElement;
let open: () => Promise<FakeStream>;

beforeEach(() => {
  root = document.body.appendChild(document.createElement("div"));
  open = async () => new FakeStream("audio");
});

afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

class SilentContext {
  createAnalyser = () => ({ fftSize: 1, getFloatTimeDomainData: () => undefined });
  createMediaStreamSource = () => ({ connect: () => undefined });
  resume = async () => undefined;
  close = async () => undefined;
}

async function show(settings: ModelSettings = {}, devices: object[] = [], reconnects = true) {
  stubMedia(() => open(), devices);
  vi.stubGlobal("AudioContext", SilentContext);
  vi.spyOn(HTMLMediaElement.prototype, "srcObject", "set").mockReturnValue(undefined); // takes no fake
  const reconnection = new Reconnection(
    () => false,
    () => reconnects,
  );
  const server = Object.assign(new FakeServer(), { view: "recorder" as const, reconnection });
  const channel = server.connect({ multiple: false, ...settings });
  const queue = new UploadQueue();
  const recorder = new Recorder(queue);
  queue.attach(channel);
  render(<RecorderView recorder={recorder} queue={queue} settings={channel.settings} />, root);
  await until(() => queue.isOpen);
  await turn();
  return { server, queue, recorder, reconnection };
}

function buttons(): string[] {
  return [...root.querySelectorAll(".controls button")].map((it) => it.textContent ?? "");
}

function button(label: string): HTMLButtonElement {
  const found = [...root.querySelectorAll("button")].find((it) => it.textContent === label);
  if (found === undefined) throw new Error(`There is no ${label} in ${root.innerHTML}`);
  return found;
}

async function click(label: string): Promise<void> {
  button(label).click();
  await turn();
  await turn();
}

function text(selector: string): string {
  return (root.querySelector(selector)?.textContent ?? "").replaceAll("\u00a0", " ");
}

describe("the recorder", () => {
  it.each<[ModelSettings, string]>([
    [{ source: "microphone" }, "Record sound"],
    [{ source: "camera" }, "Record video"],
    [{ source: "screen" }, "Record screen"],
  ])("offers to record: %o", async (settings, label) => {
    await show({ ...settings, max_file_size: 5_000_000 });
    expect(buttons()).toEqual([label]);
    expect(text(".hint")).toBe("up to 5 MB");
  });

  it("pauses, goes on and stops by its buttons, and then shows a file", async () => {
    await show();
    await click("Record sound");
    expect([buttons(), text(".hint")]).toEqual([["Pause", "Stop"], "Recording"]);
    await click("Pause");
    expect([buttons(), text(".hint")]).toEqual([["Go on", "Stop"], "Paused"]);
    await click("Go on");
    lastRecorder().give(pattern(30));
    await until(() => text(".counts") === "0:0030 bytes");
    expect(root.querySelector(".row")).toBeNull(); // it is shown above
    await click("Stop");
    await until(() => root.querySelector(".row.complete") !== null);
    expect(text(".row .size")).toBe("30 bytes");
    expect(buttons()).toEqual(["Record sound"]);
  });

  it("can be called off while the browser asks", async () => {
    open = () => new Promise(() => undefined);
    await show();
    await click("Record sound");
    expect([buttons(), text(".hint")]).toEqual([["Cancel"], "Allow it where the browser asks"]);
    await click("Cancel");
    expect(buttons()).toEqual(["Record sound"]);
  });

  it("says why nothing is recorded", async () => {
    open = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    await show();
    await click("Record sound");
    expect(text("[role=alert]")).toContain("does not allow this page to use the microphone");
    open = async () => new FakeStream("audio");
    await click("Record sound");
    expect(root.querySelector("[role=alert]")).toBeNull();
  });

  it("says that it is full, and that it goes on by itself", async () => {
    const { server } = await show({ max_waiting: 100 });
    server.auto = false;
    await click("Record sound");
    lastRecorder().give(pattern(90));
    await turn();
    expect(text(".hint")).toContain("Paused until more is sent");
    expect(button("Go on").disabled).toBe(true);
    server.auto = true;
    server.answerAll();
    await until(() => text(".hint") === "Recording");
  });

  it("says that a recording has ended at a limit, and shows it", async () => {
    await show({ max_file_size: 100 });
    await click("Record sound");
    lastRecorder().give(pattern(90));
    await until(() => root.querySelector(".row.complete") !== null);
    expect(text(".remark")).toContain("as large as is allowed");
  });

  it("says where what is recorded waits while the connection is lost", async () => {
    const { reconnection } = await show();
    await click("Record sound");
    reconnection.lost(new WeakRef({}));
    await turn();
    expect(text(".hint")).toContain("What is recorded waits in this page");
  });

  it("says that what was not sent is lost with the connection, if it does not come back", async () => {
    const { reconnection, server } = await show({}, [], false);
    await click("Record sound");
    server.auto = false;
    lastRecorder().give(pattern(90));
    await turn();
    reconnection.lost(new WeakRef({}));
    await turn();
    expect(text(".hint")).toContain("and with it what was not sent");
    await click("Stop");
    await until(() => root.querySelector(".row") !== null);
    expect(text(".row [role=alert]")).toContain("and with it what was not sent");
  });

  it("keeps the focus when its buttons change", async () => {
    await show();
    const focused = () => document.activeElement?.textContent;
    button("Record sound").focus();
    await click("Record sound");
    expect(focused()).toBe("Pause");
    button("Stop").focus();
    await click("Stop");
    await until(() => focused() === "Record sound");
  });

  it("says that the last recording is still sent", async () => {
    const { server } = await show();
    await click("Record sound");
    server.auto = false;
    lastRecorder().give(pattern(90));
    await click("Stop");
    await until(() => button("Record sound").disabled);
    expect(text(".hint")).toBe("The last recording is still being sent");
  });

  it("lets one choose among devices, and not while it records", async () => {
    const devices = ["Desk", "Headset"].map((label) => ({
      ...{ kind: "audioinput", deviceId: label, label },
    }));
    const { recorder } = await show({}, devices);
    await until(() => root.querySelector("select") !== null);
    const select = root.querySelector("select");
    if (select === null) return;
    expect(select.getAttribute("aria-label")).toBe("Microphone");
    select.value = "Headset";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    expect(recorder.chosen.value).toEqual({ audioinput: "Headset" });
    await click("Record sound");
    expect(root.querySelector("select")?.disabled).toBe(true);
  });

  it("shows the picture of what it records", async () => {
    open = async () => new FakeStream("video");
    await show({ source: "camera" });
    expect(root.querySelector("video")).toBeNull();
    await click("Record video");
    expect(root.querySelector("video")?.muted).toBe(true);
    expect(root.querySelector("meter")).toBeNull();
  });

  it("cannot begin while it is switched off, but can end", async () => {
    const { server } = await show();
    await click("Record sound");
    server.set({ disabled: true });
    await click("Stop");
    await until(() => root.querySelector(".row.complete") !== null);
    expect(button("Record sound").disabled).toBe(true);
    expect(text(".hint")).toBe("Not available at the moment");
  });
});
