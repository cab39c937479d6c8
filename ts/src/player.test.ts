import { beforeEach, describe, expect, it, vi } from "vitest";
import { makeFile } from "../tests/files";
import { play, playing, stopPlaying } from "./player";

const urls = new Set<string>();
let made: FakeAudio[] = [];

class FakeAudio {
  onended: () => void = () => undefined;
  onerror: () => void = () => undefined;
  begin: () => void = () => undefined;
  fail: () => void = () => undefined;
  play = () =>
    new Promise<void>((resolve, reject) => {
      this.begin = resolve;
      this.fail = () => reject(new DOMException("no", "NotSupportedError"));
    });
  /** As in a browser, what waits to begin hears of it. */
  pause = vi.fn(() => this.fail());
  load = vi.fn();
  removeAttribute = () => undefined;

  constructor(readonly src: string) {
    made.push(this);
  }
}

beforeEach(() => {
  made = [];
  vi.stubGlobal("Audio", FakeAudio);
  vi.spyOn(URL, "createObjectURL").mockImplementation(() => {
    const url = `blob:${made.length}`;
    urls.add(url);
    return url;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void urls.delete(url));
});

describe("the player", () => {
  it("plays a file to its end, and lets go of it", async () => {
    const file = makeFile(10);
    const begun = play(file);
    made[0]?.begin();
    expect(await begun).toBe(true);
    expect([playing.value, urls.size]).toEqual([file, 1]);
    made[0]?.onended();
    expect([playing.value, urls.size]).toEqual([null, 0]);
    expect(made[0]?.load).toHaveBeenCalled();
  });

  it("plays one at a time", async () => {
    const [a, b] = [makeFile(1, "a"), makeFile(1, "b")];
    void play(a);
    made[0]?.begin();
    const begun = play(b);
    expect([playing.value, urls.size]).toEqual([b, 1]);
    expect(made[0]?.pause).toHaveBeenCalled();
    made[1]?.begin();
    expect(await begun).toBe(true);
    stopPlaying();
    expect([playing.value, urls.size]).toEqual([null, 0]);
  });

  it("tells what the browser cannot play from what was stopped before it began", async () => {
    const unknown = play(makeFile(1));
    made[0]?.fail();
    expect(await unknown).toBe(false);
    expect([playing.value, urls.size]).toEqual([null, 0]);
    const stopped = play(makeFile(1));
    stopPlaying();
    expect(await stopped).toBe(true);
    expect(urls.size).toBe(0);
  });

  it("stops when the file is gone", async () => {
    const begun = play(makeFile(1));
    made[0]?.begin();
    await begun;
    made[0]?.onerror();
    expect([playing.value, urls.size]).toEqual([null, 0]);
  });
});
