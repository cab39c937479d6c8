/** A small picture of an image or a video, as a data URL, which is never to be revoked. */

import { unload } from "./unload";

/** Pixels of its sides: twice as many as are shown, for screens that have them. */
const SIDE = 64;

/** Bytes of an image, all of which the browser reads. */
export const MAX_IMAGE = 20_000_000;

/** Pixels; each takes 4 bytes while the picture is made. */
export const MAX_PIXELS = 40_000_000;

/** Seconds of a video that are passed over at most: it may begin with black. */
const MAX_START = 3;

/** Milliseconds that the browser has to load something. */
export const PATIENCE = 10_000;

/** Empty if there is none; throws if the file is broken, or of a kind that this browser lacks. */
export async function pictureOf(file: File, isImage: boolean): Promise<string> {
  // The browser lays an SVG out on the thread that sends, for as long as it takes.
  if (isImage && (file.size > MAX_IMAGE || file.type.includes("svg"))) return "";
  const [image, video] = [new Image(), document.createElement("video")];
  const element = isImage ? image : video;
  element.src = URL.createObjectURL(file);
  try {
    await comes(element, isImage ? "load" : "loadedmetadata");
    // Not in the page, the element draws nothing; the file is drawn beside the page's thread.
    if (isImage) return await square(file, image.width, image.height);
    video.currentTime = Math.min(video.duration / 10, MAX_START);
    await comes(video, "seeked");
    return await square(video, video.videoWidth, video.videoHeight);
  } finally {
    unload(element);
  }
}

function comes(element: HTMLElement, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    element.addEventListener(event, resolve);
    element.addEventListener("error", reject);
    setTimeout(reject, PATIENCE);
  });
}

/** Draw the middle of it. */
async function square(source: ImageBitmapSource, width: number, height: number): Promise<string> {
  if (width * height > MAX_PIXELS) return "";
  const side = Math.min(width, height);
  const left = (width - side) / 2;
  const top = (height - side) / 2;
  const size = { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: "medium" } as const;
  const bitmap = await createImageBitmap(source, left, top, side, side, size);
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.toDataURL("image/webp"); // a PNG where the browser makes none
}
