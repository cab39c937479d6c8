// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";
import { FakeServer, type ModelSettings } from "../tests/fake-server";
import { makeFile, picked } from "../tests/files";
import { quiet } from "../tests/waiting";
import type { Settings } from "./channel";
import { type DataModel, pageValues } from "./values";

afterEach(() => void vi.restoreAllMocks());

function settings(changes: ModelSettings = {}): Settings {
  return new FakeServer().connect(changes).settings.value;
}

function page(...linked: string[]): { model: DataModel; set: Record<string, unknown>[] } {
  const set: Record<string, unknown>[] = [];
  const js_property_callbacks = Object.fromEntries(linked.map((name) => [`change:${name}`, []]));
  return { model: { js_property_callbacks, setv: (values) => set.push(values) }, set };
}

/** Let the test say when the file of this name has been read, or cannot be. */
function holdBack(name: string): { read: () => void; fail: () => void } {
  const { readAsDataURL } = FileReader.prototype;
  const held = {
    read: (): void => undefined,
    fail: (): void => undefined,
  };
  vi.spyOn(FileReader.prototype, "readAsDataURL").mockImplementation(function (
    this: FileReader,
    file: Blob,
  ) {
    const read = () => readAsDataURL.call(this, file);
    if (!(file instanceof File) || file.name !== name) return read();
    held.read = read;
    held.fail = () => this.onerror?.(new ProgressEvent("error") as ProgressEvent<FileReader>);
  });
  return held;
}

it("a pick is set as FileInput sets it", async () => {
  const { model, set } = page("value");
  await pageValues(model)(picked(makeFile("abc", "a.txt", "text/plain")), settings());
  expect(set).toEqual([{ value: ["YWJj"], filename: ["a.txt"], mime_type: ["text/plain"] }]);
});

it("without multiple there is one value", async () => {
  const { model, set } = page("filename");
  await pageValues(model)(picked(makeFile("abc", "a.bin")), settings({ multiple: false }));
  expect(set).toEqual([
    { value: "YWJj", filename: "a.bin", mime_type: "application/octet-stream" },
  ]);
});

it("nothing is read if nothing is linked", async () => {
  const { model, set } = page("disabled");
  const read = vi.spyOn(FileReader.prototype, "readAsDataURL");
  await pageValues(model)(picked(makeFile("abc")), settings());
  expect(set).toEqual([]);
  expect(read).not.toHaveBeenCalled();
});

it("the later of two picks stays, however long the first one takes", async () => {
  const { model, set } = page("value");
  const setValues = pageValues(model);
  const large = holdBack("large.bin");
  const first = setValues(picked(makeFile("first", "large.bin")), settings());
  const second = setValues(picked(makeFile("second", "small.bin")), settings());
  await quiet();
  large.read();
  await Promise.all([first, second]);
  expect(set.map(({ filename }) => filename)).toEqual([["large.bin"], ["small.bin"]]);
});

it("a file that cannot be read is a warning, and the next pick arrives", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { model, set } = page("value");
  const setValues = pageValues(model);
  const gone = holdBack("gone.bin");
  const first = setValues(picked(makeFile("gone", "gone.bin")), settings());
  await quiet();
  gone.fail();
  await first;
  await setValues(picked(makeFile("abc", "a.bin")), settings());
  expect(set.map(({ filename }) => filename)).toEqual([["a.bin"]]);
  expect(warn).toHaveBeenCalledOnce();
});

it.each([
  [false, "clip.mp4"],
  [true, "holiday/clip.mp4"],
])("with directory %s the filename is %s, as in Python", async (directory, filename) => {
  const { model, set } = page("filename");
  const files = [{ file: makeFile("abc", "clip.mp4"), relativePath: "holiday/clip.mp4" }];
  await pageValues(model)(files, settings({ directory }));
  expect(set[0]?.filename).toEqual([filename]);
});
