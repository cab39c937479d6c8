/** Files that a browser shows and plays. */

/** A landscape. */
export function image(name: string): File {
  const canvas = document.createElement("canvas");
  canvas.width = 300;
  canvas.height = 200;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("There is no canvas.");
  const parts: [string, number, number, number, number][] = [
    ["#8fc7e8", 0, 0, 300, 200],
    ["#fff3b0", 200, 25, 40, 40],
    ["#3d7a4a", 0, 120, 300, 80],
    ["#b5483a", 90, 80, 70, 70],
  ];
  for (const [colour, ...box] of parts) {
    context.fillStyle = colour;
    context.fillRect(...box);
  }
  return fileOf(canvas.toDataURL("image/png").split(",")[1] ?? "", name, "image/png");
}

/** Less than a second of VP8. */
export function video(name: string): File {
  return fileOf(VIDEO, name, "video/webm");
}

const VIDEO = [
  "GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQJChYECGFOAZwEAAAAAAAJ0EU2bdLpNu4tTq4QVSalmU6yBoU",
  "27i1OrhBZUrmtTrIHYTbuMU6uEElTDZ1OsggEbTbuMU6uEHFO7a1OsggJe7AEAAAAAAABZAAAAAAAAAAAAAAAAAAAA",
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "AAAAAAAAAVSalmsirXsYMPQkBNgI1MYXZmNjIuMTIuMTAyV0GNTGF2ZjYyLjEyLjEwMkSJiEB5AAAAAAAAFlSua76u",
  "AQAAAAAAADXXgQFzxYhRiCjZAfSuGZyBACK1nIN1bmSIgQCGhVZfVlA4g4EBI+ODhAvrwgDghrCBQLqBMBJUw2fYc3",
  "OgY8CAZ8iaRaOHRU5DT0RFUkSHjUxhdmY2Mi4xMi4xMDJzc7JjwItjxYhRiCjZAfSuGWfIoUWjiERVUkFUSU9ORIeT",
  "MDA6MDA6MDAuNDAwMDAwMDAwAB9DtnVA4OeBAKNAwoEAAIBwCACdASpAADAAAEcIhYWIhYSIAgICddULQPdN9i/Cf9",
  "Xf4Dz4Wl/ZD9M8n/uA4YH+A/y/9oPf/u7rq/xYYQxJ12igC0qZ1dPKY11FZP78uEv8Ywb7m//tzk9FdJv+SL///pN9",
  "SkX77hf5MtyJbp37tjqttnL2K6Fgdz2jbOdX7jDXbgKIkACyT9QYAAAAEVgjt6jCdzHpWNh/H+NUueK9haU8g6AYlZ",
  "+BT5PqAAAB/90ahPEZnuNHJiYTdoAAo5aBAMgA0QEACxFgABgAGFgv9AAIjAAAHFO7a5G7j7OBALeK94EB8YIBePCB",
  "Aw==",
].join("");

/** Ten seconds of silence, as 8 bit PCM. */
export function sound(name: string): File {
  const rate = 8000;
  const size = 10 * rate;
  const text = (it: string) => new TextEncoder().encode(it);
  const format = [16, 0x0001_0001, rate, rate, 0x0008_0001]; // PCM, one channel; 8 bits in a byte
  const parts = [
    ...[text("RIFF"), Uint32Array.of(36 + size), text("WAVEfmt "), Uint32Array.from(format)],
    ...[text("data"), Uint32Array.of(size), new Uint8Array(size).fill(128)],
  ];
  return new File(parts, name, { type: "audio/wav" });
}

function fileOf(base64: string, name: string, type: string): File {
  const bytes = Uint8Array.from(atob(base64), (it) => it.charCodeAt(0));
  return new File([bytes], name, { type });
}
