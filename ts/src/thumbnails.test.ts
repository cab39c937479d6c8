import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { makeFile } from "../tests/files";
import { quiet, until } from "../tests/waiting";
import { pictureOf } from "./picture";
import { MAX_SHOWN, PAUSE, showThumbnail } from "./thumbnails";

vi.mock("./picture", () => ({ pictureOf: vi.fn() }));

const making: { file: File; end: (url: string) => void; fail: (reason: unknown) => void }[] = [];

beforeEach(() => {
  making.length = 0;
  vi.mocked(pictureOf).mockImplementation(
    (file) => new Promise((end, fail) => making.push({ file, end, fail })),
  );
});

function show(name: string, kind: "image" | "video" | "text" = "image") {
  const file = makeFile(3, name);
  const url = signal("");
  return { file, url, hide: showThumbnail(file, kind, url) };
}

describe("the pictures", () => {
  it("are made one after the other, and one that fails holds up none", async () => {
    const [a, b, c] = [show("a"), show("b", "video"), show("c")];
    await until(() => making.length > 0);
    await quiet();
    expect(making.map(({ file }) => file)).toEqual([a.file]);
    making[0]?.fail(new Error("broken"));
    await until(() => making.length === 2);
    making[1]?.end("data:b");
    await until(() => making.length === 3);
    making[2]?.end("data:c");
    await until(() => c.url.value !== "");
    expect([a.url.value, b.url.value]).toEqual(["", "data:b"]);
    expect(vi.mocked(pictureOf).mock.calls.map(([, isImage]) => isImage)).toEqual([
      ...[true, false, true],
    ]);
    for (const it of [a, b, c]) it.hide();
  });

  it("are not made of what is shown no more, nor of other kinds", async () => {
    const [a, b, c, d] = [show("a"), show("b"), show("c", "text"), show("d")];
    b.hide();
    await until(() => making.length === 1);
    making[0]?.end("data:a");
    await until(() => making.length === 2);
    making[1]?.end("data:d");
    await quiet();
    expect(making.map(({ file }) => file)).toEqual([a.file, d.file]);
    for (const it of [a, c, d]) it.hide();
  });

  it("leave time before each", async () => {
    const timer = vi.spyOn(globalThis, "setTimeout");
    const a = show("a");
    await quiet();
    expect(timer.mock.calls.map(([, time]) => time)).toEqual([PAUSE]);
    expect(making).toEqual([]);
    a.hide();
    timer.mock.calls[0]?.[0]();
    await quiet();
    expect(making).toEqual([]); // it has gone meanwhile
  });

  it("are of no more files than some; where some go, others may come", async () => {
    vi.spyOn(globalThis, "setTimeout").mockImplementation(setImmediate as never);
    vi.mocked(pictureOf).mockImplementation(async ({ name }) => `data:${name}`);
    const shown = Array.from({ length: MAX_SHOWN + 1 }, (_, n) => show(`${n}`));
    await until(() => shown[MAX_SHOWN - 1]?.url.value !== "");
    await quiet();
    expect(shown[MAX_SHOWN]?.url.value).toBe("");
    for (const it of shown) it.hide();
    const next = show("next");
    await until(() => next.url.value === "data:next");
    next.hide();
    const all = Array.from({ length: MAX_SHOWN }, (_, n) => show(`${n}`));
    await until(() => all.every(({ url }) => url.value !== "")); // it was not counted twice
    for (const it of all) it.hide();
  });
});
