// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeFile } from "../../tests/files";
import { turn, until } from "../../tests/waiting";
import { pictureOf } from "../picture";
import { playing } from "../player";
import { Thumbnail } from "./thumbnail";

vi.mock("../picture", () => ({ pictureOf: vi.fn() }));

let root: HTMLElement;

beforeEach(() => {
  root = document.body.appendChild(document.createElement("div"));
  vi.mocked(pictureOf).mockReset().mockResolvedValue("data:image/png;base64,");
});

afterEach(() => {
  render(null, root);
  root.remove();
});

it("shows a picture in the place of the icon, which is beside the badge", async () => {
  const file = makeFile(3, "a.png", "image/png");
  render(<Thumbnail name="a.png" type={file.type} file={file} badge="done" />, root);
  expect(root.querySelectorAll(".icon-image")).toHaveLength(1);
  await until(() => root.querySelector("img") !== null);
  expect(root.querySelector("img")?.alt).toBe("");
  expect(root.querySelector(".icon-image")).toBeNull();
  expect(root.querySelectorAll(".icon-done")).toHaveLength(1);
});

it.each([
  ["a.png", "image"],
  ["a.mp3", "audio"],
  ["a.zip", "archive"],
])("shows the kind of %s if the page does not have it", async (name, kind) => {
  render(<Thumbnail name={name} file={null} />, root);
  await turn();
  expect(root.querySelectorAll(`.icon-${kind}`)).toHaveLength(1);
  expect(root.querySelector("button")).toBeNull();
  expect(pictureOf).not.toHaveBeenCalled();
});

it("stops a sound when its row goes, and no other", async () => {
  const [a, b] = [makeFile(3, "a.mp3"), makeFile(3, "b.mp3")];
  await act(() => render(<Thumbnail name="a.mp3" file={a} />, root));
  playing.value = b;
  await act(() => render(null, root));
  expect(playing.value).toBe(b);
  await act(() => render(<Thumbnail name="b.mp3" file={b} />, root));
  expect(root.querySelector("button")?.title).toBe("Stop playing b.mp3");
  await act(() => render(null, root));
  expect(playing.value).toBeNull();
});
