/** What all files have come to together, and what can be done about all of them. */

import { useSignal } from "@preact/signals";
import type { UploadQueue } from "../queue";
import type { Upload } from "../upload";
import { Action } from "./action";
import { useLanguage } from "./language";

interface SummaryProps {
  queue: UploadQueue;
  /** Called when what is clicked may go, and with it the focus. */
  focusButton: () => void;
}

export function Summary({ queue, focusButton }: SummaryProps) {
  const uploads = queue.uploads.value;
  if (uploads.length < 2) return null;
  const active = uploads.filter((upload) => upload.active || queue.isWaiting(upload));
  return (
    <div class="summary">
      <span class="facts">
        {active.length > 0 ? (
          <Running active={active} uploads={uploads} />
        ) : (
          <Ended uploads={uploads} />
        )}
      </span>
      <Actions queue={queue} active={active} focusButton={focusButton} />
    </div>
  );
}

function Running({ active, uploads }: { active: Upload[]; uploads: Upload[] }) {
  const { text, duration, percent, rate } = useLanguage();
  const complete = uploads.filter(({ state }) => state.value.kind === "complete");
  const wanted = [...complete, ...active];
  const size = totalSize(wanted);
  const stored = totalSize(complete) + sum(active.map((upload) => upload.stored.value));
  const sending = active.filter(({ isPaused }) => !isPaused.value);
  const speed = sum(sending.map((upload) => upload.rate.value ?? 0));
  const left = sum(sending.map(({ size, stored }) => size - stored.value));
  return (
    <>
      <span>{text("files_done", { done: complete.length, count: wanted.length })}</span>
      <span>{percent(stored, size)}</span>
      {sending.length === 0 && <span>{text("paused")}</span>}
      {speed > 0 && <span>{rate(speed)}</span>}
      {speed > 0 && <span>{text("time_left", { time: duration(left / speed) })}</span>}
    </>
  );
}

function Ended({ uploads }: { uploads: Upload[] }) {
  const { text, bytes } = useLanguage();
  const complete = uploads.filter(({ state }) => state.value.kind === "complete");
  const failed = uploads.filter(({ state }) =>
    ["failed", "refused"].includes(state.value.kind),
  ).length;
  return (
    <>
      {complete.length > 0 && (
        <span>
          {text("files_in_all", { count: complete.length, size: bytes(totalSize(complete)) })}
        </span>
      )}
      {failed > 0 && <span>{text("files_failed", { count: failed })}</span>}
    </>
  );
}

function Actions({ queue, active, focusButton }: SummaryProps & { active: Upload[] }) {
  const { text } = useLanguage();
  const uploads = queue.uploads.value;
  const canPause = uploads.some((upload) => upload.canPause);
  const isPaused = uploads.some((upload) => upload.isPaused.value);
  const toRetry = uploads.filter((upload) => queue.canRetry(upload));
  const forAll = (those: Upload[], act: (upload: Upload) => void) => () => {
    for (const upload of those) act(upload);
    focusButton();
  };
  return (
    <span class="actions">
      {toRetry.length > 0 && (
        <Action
          label={text("retry_all")}
          icon="retry"
          onClick={forAll(toRetry, (upload) => queue.retry(upload))}
        />
      )}
      {canPause ? (
        <Action label={text("pause_all")} icon="pause" onClick={() => queue.pauseAll()} />
      ) : (
        isPaused && <Action label={text("go_on_all")} icon="go" onClick={() => queue.goOnAll()} />
      )}
      {active.length > 0 ? (
        <Action
          key="cancel"
          label={text("cancel_all")}
          icon="close"
          onClick={forAll(active, (upload) => queue.cancel(upload))}
        />
      ) : (
        <RemoveAll
          key="remove" // not the button that has cancelled all until now
          onRemove={forAll(uploads, (upload) => removeOrDismiss(queue, upload))}
        />
      )}
    </span>
  );
}

/** A button that asks first: what is removed is gone. */
function RemoveAll({ onRemove }: { onRemove: () => void }) {
  const { text } = useLanguage();
  const isAsking = useSignal(false);
  if (!isAsking.value) {
    const ask = () => {
      isAsking.value = true;
    };
    return <Action label={text("remove_all")} icon="remove" onClick={ask} />;
  }
  const answer = (act: () => void) => () => {
    isAsking.value = false;
    act();
  };
  return (
    <span class="question" role="alert">
      {text("remove_all_question")}
      <button type="button" class="go-on" onClick={answer(onRemove)}>
        {text("remove_all_yes")}
      </button>
      <button type="button" class="go-on" ref={focus} onClick={answer(() => undefined)}>
        {text("remove_all_no")}
      </button>
    </span>
  );
}

function focus(button: HTMLButtonElement | null): void {
  button?.focus();
}

function removeOrDismiss(queue: UploadQueue, upload: Upload): void {
  if (upload.state.value.kind === "complete") queue.remove(upload);
  else queue.dismiss(upload);
}

function totalSize(uploads: Upload[]): number {
  return sum(uploads.map(({ size }) => size));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
