import { expect, it } from "vitest";
import { kindOf } from "./kind";

it.each([
  ["a.png", "image/png", "image"],
  ["a", "image/webp", "image"],
  ["HOUSE.JPG", "", "image"],
  ["a.mp4", "video/mp4", "video"],
  ["a.opus", "audio/ogg", "audio"],
  ["a.csv.zip", "application/zip", "archive"],
  ["a.csv", "text/csv", "table"],
  ["a.xlsx", "", "table"],
  ["a.log", "text/plain", "text"],
  ["a.pdf", "application/pdf", "text"],
  ["png", "", "image"],
  ["a.bin", "application/octet-stream", "file"],
  ["text", "", "text"],
  ["", "", "file"],
  ["a.", "", "file"],
])("%s of type %j is of the kind %s", (name, type, kind) => {
  expect(kindOf(name, type)).toBe(kind);
});
