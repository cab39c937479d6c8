// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { pickedFiles } from "./pick";

interface Entry {
  isFile: boolean;
  isDirectory: boolean;
  fullPath: string;
  file?: (resolve: (file: File) => void) => void;
  createReader?: () => { readEntries: (resolve: (entries: Entry[]) => void) => void };
}

function file(name: string): File {
  return new File(["x"], name);
}

function fileEntry(path: string): Entry {
  const name = path.split("/").at(-1) ?? "";
  return {
    isFile: true,
    isDirectory: false,
    fullPath: path,
    file: (resolve) => resolve(file(name)),
  };
}

function folderEntry(path: string, entries: Entry[]): Entry {
  const rest = [entries, []]; // a reader gives some at a time, and none at the end
  const readEntries = (resolve: (entries: Entry[]) => void) => resolve(rest.shift() ?? []);
  return {
    isFile: false,
    isDirectory: true,
    fullPath: path,
    createReader: () => ({ readEntries }),
  };
}

function chosen(...files: File[]): Event {
  const input = document.createElement("input");
  input.type = "file";
  Object.defineProperty(input, "files", { value: files });
  const event = new Event("change");
  input.dispatchEvent(event);
  return event;
}

function dropped(...entries: Entry[]): Event {
  const items = entries.map((entry) => ({
    kind: "file",
    getAsFile: () => file(entry.fullPath.split("/").at(-1) ?? ""),
    webkitGetAsEntry: () => entry,
  }));
  const event = new Event("drop");
  return Object.assign(event, { dataTransfer: { types: ["Files"], items, files: [] } });
}

async function paths(event: Event): Promise<string[]> {
  return (await pickedFiles(event)).map(({ relativePath }) => relativePath).sort();
}

it("a file that was chosen has its name as its path", async () => {
  const [one] = await pickedFiles(chosen(file("a.txt")));
  expect(one?.relativePath).toBe("a.txt");
  expect(one?.file.name).toBe("a.txt");
});

it("files of a folder that was chosen keep their paths", async () => {
  const inFolder = file("clip.mp4");
  Object.defineProperty(inFolder, "webkitRelativePath", { value: "holiday/day 1/clip.mp4" });
  expect(await paths(chosen(inFolder))).toEqual(["holiday/day 1/clip.mp4"]);
});

it("files that were dropped have their names as their paths", async () => {
  expect(await paths(dropped(fileEntry("/a.txt"), fileEntry("/b.txt")))).toEqual([
    "a.txt",
    "b.txt",
  ]);
});

it("a folder that was dropped is walked through", async () => {
  const inner = folderEntry("/holiday/day 1", [fileEntry("/holiday/day 1/b.mp4")]);
  const outer = folderEntry("/holiday", [fileEntry("/holiday/a.txt"), inner]);
  expect(await paths(dropped(outer, fileEntry("/c.txt")))).toEqual([
    "c.txt",
    "holiday/a.txt",
    "holiday/day 1/b.mp4",
  ]);
});

it("a folder comes in the order of its names, and files as they were chosen", async () => {
  const names = ["b10.txt", "b9.txt", "a.txt"];
  const entries = names.map((name) => fileEntry(`/holiday/${name}`));
  const order = async (event: Event) => (await pickedFiles(event)).map(({ file }) => file.name);
  expect(await order(dropped(folderEntry("/holiday", entries)))).toEqual([
    "a.txt",
    "b9.txt",
    "b10.txt",
  ]);
  expect(await order(chosen(...names.map(file)))).toEqual(names);
});

it("an empty folder gives nothing", async () => {
  expect(await paths(dropped(folderEntry("/empty", [])))).toEqual([]);
});
