/** Says how far all uploads are to those who do not see it: at the start and the end, and seldom between. */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { UploadQueue } from "../queue";
import type { Totals } from "../totals";
import { type Language, useLanguage } from "./language";
import { FEW_ROWS } from "./list";
import { CONNECTION } from "./texts";

/** Milliseconds between two sayings at the least, and the share of the bytes that is worth one. */
export const SAID_EACH = { time: 10_000, share: 0.25 };

/** What was said last, and when. */
interface Said {
  /** What is under way, in a word. */
  state: string;
  share: number;
  time: number;
  /** How many files are there. */
  count: number;
  /** How many have failed, of so many that not each says so itself. */
  failed: number;
}

export function Announcer({ queue }: { queue: UploadQueue }) {
  const language = useLanguage();
  const said = useSignal("");
  const last = useRef<Said>({ state: "", share: 0, time: 0, count: 0, failed: Infinity });
  const totals = queue.totals.value;
  const state = stateText(language, totals, queue);
  useLayoutEffect(() => {
    const share = totals.stored / (totals.size || 1);
    const failed = queue.uploads.value.length > FEW_ROWS ? totals.failed : 0;
    const now = { state, share, time: performance.now(), count: totals.complete.length, failed };
    const isFewer = now.count < last.current.count || failed < last.current.failed;
    if (state === "" && isFewer) said.value = ""; // it is true no more
    const isSaid = isNews(last.current, now);
    last.current.failed = failed;
    if (!isSaid) return;
    said.value = state === "" ? endText(language, totals) : progressText(language, totals, state);
    last.current = now;
  });
  return (
    <span class="unseen" role="status">
      {said.value}
    </span>
  );
}

function isNews(last: Said, now: Said): boolean {
  if (now.state !== last.state) return true;
  if (now.state === "") return now.failed > last.failed;
  const isLater = now.time - last.time >= SAID_EACH.time;
  return isLater && now.share - last.share >= SAID_EACH.share;
}

function stateText(
  { text }: Language,
  { active, sending }: Totals,
  { connection }: UploadQueue,
): string {
  if (active.length === 0) return "";
  if (connection !== "up") return text(CONNECTION[connection]);
  return sending === 0 ? text("paused") : text("running");
}

function progressText(
  { text, percent }: Language,
  { complete, active, stored, size }: Totals,
  state: string,
): string {
  const files = text("files_done", {
    done: complete.length,
    count: complete.length + active.length,
  });
  return `${state}: ${files}, ${percent(stored, size)}`;
}

function endText({ text, bytes }: Language, { complete, completeSize, failed }: Totals): string {
  const files = text("files_in_all", { count: complete.length, size: bytes(completeSize) });
  const parts = [
    complete.length > 0 && `${text("complete")}: ${files}`,
    failed > 0 && text("files_failed", { count: failed }),
  ];
  return parts.filter(Boolean).join(", ");
}
