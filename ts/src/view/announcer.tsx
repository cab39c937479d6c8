/** Says how far all uploads are to those who do not see it: at the start and the end, and seldom between. */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { UploadQueue } from "../queue";
import type { Totals } from "../totals";
import { bytes, percent } from "./format";
import { texts } from "./texts";

/** Milliseconds between two sayings at the least, and the share of the bytes that is worth one. */
export const SAID_EACH = { time: 10_000, share: 0.25 };

/** What was said last, and when. */
interface Said {
  /** What is under way, in a word. */
  state: string;
  share: number;
  time: number;
}

export function Announcer({ queue }: { queue: UploadQueue }) {
  const text = useSignal("");
  const last = useRef<Said>({ state: "", share: 0, time: 0 });
  const totals = queue.totals.value;
  const state = stateText(totals, queue);
  useLayoutEffect(() => {
    const now = { state, share: totals.stored / (totals.size || 1), time: performance.now() };
    if (!isNews(last.current, now)) return;
    text.value = state === "" ? endText(totals, last.current.state) : progressText(totals, state);
    last.current = now;
  });
  return (
    <span class="unseen" role="status">
      {text.value}
    </span>
  );
}

function isNews(last: Said, now: Said): boolean {
  if (now.state !== last.state) return true;
  const isLater = now.time - last.time >= SAID_EACH.time;
  return now.state !== "" && isLater && now.share - last.share >= SAID_EACH.share;
}

function stateText({ active, sending }: Totals, { connection }: UploadQueue): string {
  if (active.length === 0) return "";
  if (connection !== "up") return texts.connection[connection];
  return sending === 0 ? texts.paused : texts.status.running;
}

function progressText({ complete, active, stored, size }: Totals, state: string): string {
  const files = texts.filesDone(complete.length, complete.length + active.length);
  return `${state}: ${files}, ${percent(stored, size)}`;
}

function endText({ complete, completeSize, failed }: Totals, before: string): string {
  if (before === "") return "";
  const files = texts.filesInAll(complete.length, bytes(completeSize));
  const parts = [
    complete.length > 0 && `${texts.status.complete}: ${files}`,
    failed > 0 && texts.countFailed(failed),
  ];
  return parts.filter(Boolean).join(", ");
}
