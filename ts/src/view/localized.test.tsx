// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeServer, type ModelSettings } from "../../tests/fake-server";
import { turn } from "../../tests/waiting";
import { validTag } from "../languages";
import { UploadQueue } from "../queue";
import { Localized } from "./localized";
import { Widget } from "./widget";

let root: HTMLElement;
let number = 0;

beforeEach(() => {
  root = document.body.appendChild(document.createElement("div"));
});

afterEach(() => {
  render(null, root);
  root.remove();
});

/** A language of its own, as the page keeps what it has learned. */
function unknown(): string {
  number += 1;
  return `de-x-test${number}`;
}

async function show(page: string, settings: ModelSettings = {}) {
  const server = new FakeServer();
  const channel = server.connect(settings);
  const queue = new UploadQueue();
  queue.attach(channel);
  const asked: string[] = [];
  const ask = (language: string) => {
    asked.push(language);
    channel.send({ kind: "language", language });
  };
  const widget = <Widget queue={queue} settings={channel.settings} />;
  render(
    <Localized settings={channel.settings} page={page} ask={ask}>
      {widget}
    </Localized>,
    root,
  );
  await turn();
  await turn();
  const section = root.querySelector("section") as HTMLElement;
  return { server, section, asked };
}

function chooseText(): string {
  return root.querySelector(".choose")?.textContent ?? "";
}

describe("the widget", () => {
  it("is in English at once, and asks for nothing", async () => {
    const { section, asked } = await show("en-US");
    expect(asked).toEqual([]);
    expect([section.lang, section.dir, section.style.visibility]).toEqual(["en-US", "ltr", ""]);
  });

  it("waits for its texts, unseen, and is then in the language of its page", async () => {
    const page = unknown();
    const { section, server } = await show(page);
    expect(section.style.visibility).toBe("hidden");
    const texts = { choose_files: "Dateien auswählen" };
    server.send({ kind: "texts", language: page, texts });
    await turn();
    expect(chooseText()).toBe("Dateien auswählen");
    expect([section.lang, section.style.visibility]).toEqual([page, ""]);
  });

  it("asks once, whatever is rendered anew", async () => {
    const page = unknown();
    const { server, asked } = await show(page);
    server.send({ kind: "texts", language: page, texts: {} });
    expect(asked).toEqual([page]);
    expect((await show(page)).asked).toEqual([]);
  });

  it("is in English, with its numbers, if the server has no other texts", async () => {
    const page = unknown();
    const { section, server } = await show(page, { max_file_size: 1_500_000, multiple: false });
    server.send({ kind: "texts", language: page, texts: null });
    await turn();
    expect([section.lang, chooseText()]).toEqual(["en", "Choose file"]);
    expect(root.querySelector(".limits")?.textContent).toBe("up\u00a0to\u00a01.5\u00a0MB");
  });

  it("is in the language that its author has chosen, and follows that", async () => {
    const { section, server, asked } = await show("en", { language: "de" });
    server.send({ kind: "texts", language: "de", texts: { choose_files: "Dateien auswählen" } });
    await turn();
    expect([section.lang, chooseText()]).toEqual(["de", "Dateien auswählen"]);
    server.set({ language: "en" });
    await turn();
    expect([section.lang, chooseText()]).toEqual(["en", "Choose files"]);
    expect(asked).toEqual(["de"]);
  });

  it("has the numbers of a language that only its author has texts for", async () => {
    const language = unknown();
    const texts = { choose_files: "Auswählen" };
    const { section, server } = await show("en", { language, texts, max_file_size: 1_500_000 });
    server.send({ kind: "texts", language, texts: null });
    await turn();
    expect([section.lang, chooseText()]).toEqual([language, "Auswählen"]);
    expect(root.querySelector(".limits")?.textContent).toContain("1,5\u00a0MB");
  });

  it.each(["PL", "pl-pl"])("has them however the language is written: %s", async (written) => {
    const { section, server } = await show("en", { language: written, max_file_size: 1_500_000 });
    server.send({ kind: "texts", language: validTag(written), texts: null });
    await turn();
    expect(section.lang).toBe(validTag(written));
    expect(root.querySelector(".limits")?.textContent).toContain("1,5\u00a0MB");
  });

  it("says what its author says, also as Bokeh gives it", async () => {
    const more = new Map([["other", "Noch {count}"]]);
    const { server } = await show("en", { texts: new Map(Object.entries({ more })) });
    server.set({ texts: new Map([["choose_files", "Add"]]) });
    await turn();
    expect(chooseText()).toBe("Add");
  });

  it("is in the browser's language if that is wanted", async () => {
    const { asked, section } = await show("fr", { language: "browser" });
    expect([asked, section.lang]).toEqual([[], navigator.language]);
  });

  it("runs from right to left where its texts do", async () => {
    const page = unknown();
    const { section, server } = await show(page);
    server.send({ kind: "texts", language: page, texts: { direction: "rtl" } });
    await turn();
    expect(section.dir).toBe("rtl");
  });
});
