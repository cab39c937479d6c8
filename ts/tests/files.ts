import type { PickedFile } from "../src/queue";

/** Bytes of which every chunk differs from the others. */
export function pattern(size: number, seed = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7 + seed * 101) & 255);
}

/** The bytes of `pattern` of any size in little time: they repeat themselves. */
export function repeated(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const period = pattern(Math.min(size, 65536));
  for (let at = 0; at < size; at += period.length) {
    bytes.set(period.subarray(0, size - at), at);
  }
  return bytes;
}

export function makeFile(data: BlobPart | number, name = "a.bin", type = ""): File {
  return new File([typeof data === "number" ? pattern(data) : data], name, { type });
}

export function picked(...files: File[]): PickedFile[] {
  return files.map((file) => ({ file, relativePath: file.name }));
}

/** A file of a browser that has no byte streams. */
export function withoutByteStream(file: File): File {
  file.stream = () => {
    throw new TypeError("no byte stream");
  };
  file.slice = (...range) => withoutByteStream(File.prototype.slice.apply(file, range) as File);
  return file;
}

/** A file that cannot be read: it was deleted after it was picked. */
export function deletedFile(size: number, name = "gone.bin"): File {
  const file = withoutByteStream(makeFile(size, name));
  const gone = () => Promise.reject(new DOMException("gone", "NotFoundError"));
  const unreadable = (blob: Blob): Blob => {
    blob.arrayBuffer = gone;
    blob.stream = file.stream;
    blob.slice = () => unreadable(new Blob());
    return blob;
  };
  return unreadable(file) as File;
}
