/** The page of `tests/bench/bare_comm.py`: a file over the comm of an anywidget, and no more. */

import { openReader } from "../src/reader";

/** What anywidget gives, as far as it is used here. */
interface Model {
  get(name: "chunk_size" | "in_flight"): number;
  on(event: "msg:custom", callback: () => void): void;
  send(content: unknown, callbacks: undefined, buffers: ArrayBuffer[]): void;
}

async function send(model: Model, file: File): Promise<void> {
  const chunkSize = model.get("chunk_size");
  let inFlight = 0;
  let wake = (): void => undefined;
  model.on("msg:custom", () => {
    inFlight -= 1;
    wake();
  });
  const reader = openReader(file, 0, { reuse: false, head: 0 });
  for (let offset = 0; offset < file.size; offset += chunkSize) {
    while (inFlight >= model.get("in_flight")) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    inFlight += 1;
    const chunk = await reader.read(Math.min(chunkSize, file.size - offset));
    model.send({ offset, size: file.size }, undefined, [chunk]);
  }
}

function render({ model, el }: { model: Model; el: HTMLElement }): void {
  const input = document.createElement("input");
  input.type = "file";
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file !== undefined) void send(model, file);
  });
  el.append(input);
}

export default { render };
