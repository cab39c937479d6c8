// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeFile } from "../tests/files";
import { turn } from "../tests/waiting";
import { MAX_IMAGE, MAX_PIXELS, PATIENCE, pictureOf } from "./picture";

/** Elements that do nothing but what a test says. */
class FakeImage extends EventTarget {
  src = "";
  width = 200;
  height = 100;
  removeAttribute = () => undefined;
}

class FakeVideo extends FakeImage {
  duration = 100;
  currentTime = 0;
  videoWidth = 64;
  videoHeight = 48;
  load = vi.fn();
}

const urls = new Set<string>();
let image: FakeImage;
let video: FakeVideo;
const bitmap = { close: vi.fn() };
const draw = vi.fn();

beforeEach(() => {
  image = new FakeImage();
  video = new FakeVideo();
  vi.stubGlobal("Image", function fake() {
    return image;
  });
  const canvas = {
    getContext: () => ({ drawImage: () => undefined }),
    toDataURL: () => "data:picture",
  };
  vi.spyOn(document, "createElement").mockImplementation(
    (name) => (name === "video" ? video : canvas) as never,
  );
  vi.spyOn(URL, "createObjectURL").mockImplementation(() => {
    const url = `blob:${urls.size}`;
    urls.add(url);
    return url;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void urls.delete(url));
  draw.mockReset().mockResolvedValue(bitmap);
  vi.stubGlobal("createImageBitmap", draw);
});

afterEach(() => {
  vi.useRealTimers();
  expect(urls).toEqual(new Set()); // whatever came of it
});

async function happen(element: EventTarget, ...events: string[]): Promise<void> {
  for (const event of events) {
    element.dispatchEvent(new Event(event));
    await turn();
  }
}

describe("the picture", () => {
  it("of an image is its middle, drawn from the file", async () => {
    const file = makeFile(10, "a.png", "image/png");
    const made = pictureOf(file, true);
    await happen(image, "load");
    expect(await made).toBe("data:picture");
    expect(draw.mock.lastCall?.slice(0, 5)).toEqual([file, 50, 0, 100, 100]);
    expect(draw.mock.lastCall?.[5]).toMatchObject({ resizeWidth: 64, resizeHeight: 64 });
    expect(bitmap.close).toHaveBeenCalled();
  });

  it.each([
    [100, 10],
    [7, 0.7],
    [Infinity, 3],
  ])("of a video of %d seconds is of second %d at most", async (duration, second) => {
    video.duration = duration;
    const made = pictureOf(makeFile(10, "a.mp4", "video/mp4"), false);
    await happen(video, "loadedmetadata");
    expect(video.currentTime).toBeCloseTo(Math.min(3, second));
    expect(draw).not.toHaveBeenCalled();
    await happen(video, "seeked");
    expect(await made).toBe("data:picture");
    expect(draw.mock.lastCall?.slice(0, 5)).toEqual([video, 8, 0, 48, 48]);
    expect(video.load).toHaveBeenCalled(); // and so it lets go of the file
  });

  it("is not drawn of too many pixels", async () => {
    Object.assign(image, { width: MAX_PIXELS / 100, height: 101 });
    const made = pictureOf(makeFile(10, "a.png", "image/png"), true);
    await happen(image, "load");
    expect(await made).toBe("");
    expect(draw).not.toHaveBeenCalled();
  });

  it.each([
    ["image/jpeg", MAX_IMAGE + 1],
    ["image/svg+xml", 100],
  ])("is not even begun of %s with %d bytes", async (type, size) => {
    const file = Object.defineProperty(makeFile(10, "a", type), "size", { value: size });
    expect(await pictureOf(file, true)).toBe("");
    expect(URL.createObjectURL).not.toHaveBeenCalled();
  });

  it.each([true, false])("is none of a file that is broken: %s", async (isImage) => {
    const made = pictureOf(makeFile(10), isImage);
    made.catch(() => undefined);
    await happen(isImage ? image : video, "error");
    await expect(made).rejects.toBeDefined();
  });

  it("is none of one that cannot be drawn", async () => {
    draw.mockRejectedValue(new Error("InvalidStateError"));
    const made = pictureOf(makeFile(10), true);
    made.catch(() => undefined);
    await happen(image, "load");
    await expect(made).rejects.toThrow("InvalidStateError");
  });

  it("is given up if nothing ever comes", async () => {
    vi.useFakeTimers();
    const made = pictureOf(makeFile(10), false).then(
      () => "made",
      () => "given up",
    );
    await vi.advanceTimersByTimeAsync(PATIENCE);
    expect(await made).toBe("given up");
  });
});
