/** Plays files that the page has, one at a time. */

import { signal } from "@preact/signals";
import { unload } from "./unload";

export const playing = signal<File | null>(null);
let current: HTMLAudioElement | undefined;

/** Give whether the browser can play it, as far as is known. */
export async function play(file: File): Promise<boolean> {
  stopPlaying();
  const audio = new Audio(URL.createObjectURL(file));
  current = audio;
  playing.value = file;
  try {
    await audio.play();
    audio.onended = audio.onerror = stopPlaying;
    return true;
  } catch {
    if (audio !== current) return true; // it was stopped
    stopPlaying();
    return false;
  }
}

export function stopPlaying(): void {
  current?.pause();
  if (current) unload(current);
  current = undefined;
  playing.value = null;
}
