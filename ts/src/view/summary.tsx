/** What all files have come to together, and what can be done about all of them. */

import { useSignal } from "@preact/signals";
import type { UploadQueue } from "../queue";
import type { Totals } from "../totals";
import { Action } from "./action";
import { useLanguage } from "./language";

interface SummaryProps {
  queue: UploadQueue;
}

export function Summary({ queue }: SummaryProps) {
  if (queue.uploads.value.length < 2) return null;
  const totals = queue.totals.value;
  return (
    <div class="summary" part="summary">
      <span class="facts">
        {totals.active.length > 0 ? (
          <Running totals={totals} isMoving={isMoving(queue)} />
        ) : (
          <Ended totals={totals} />
        )}
      </span>
      <Actions queue={queue} totals={totals} />
    </div>
  );
}

/** Whether the speed that was seen last is still that. */
function isMoving({ connection, silence }: UploadQueue): boolean {
  return connection === "up" && !silence.isLong.value;
}

function Running({ totals, isMoving }: { totals: Totals; isMoving: boolean }) {
  const { text, duration, percent, rate } = useLanguage();
  const { complete, active, sending, stored, size, left } = totals;
  const speed = isMoving ? totals.rate : 0;
  return (
    <>
      <span>
        {text("files_done", { done: complete.length, count: complete.length + active.length })}
      </span>
      <span>{percent(stored, size)}</span>
      {sending === 0 && <span>{text("paused")}</span>}
      {speed > 0 && <span>{rate(speed)}</span>}
      {speed > 0 && <span>{text("time_left", { time: duration(left / speed) })}</span>}
    </>
  );
}

function Ended({ totals: { complete, completeSize, failed } }: { totals: Totals }) {
  const { text, bytes } = useLanguage();
  return (
    <>
      {complete.length > 0 && (
        <span>{text("files_in_all", { count: complete.length, size: bytes(completeSize) })}</span>
      )}
      {failed > 0 && <span>{text("files_failed", { count: failed })}</span>}
    </>
  );
}

function Actions({ queue, totals }: SummaryProps & { totals: Totals }) {
  const { text } = useLanguage();
  const { active, canPause, isPaused, toRetry } = totals;
  return (
    <span class="actions">
      {toRetry.length > 0 && (
        <Action label={text("retry_all")} icon="retry" onClick={() => queue.retry(toRetry)} />
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
          onClick={() => queue.cancelAll()}
        />
      ) : (
        !queue.settings?.disabled && (
          <RemoveAll
            key="remove" // not the button that has cancelled all until now
            onRemove={() => removeAll(queue)}
          />
        )
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
  const keep = answer(() => undefined);
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === "Escape") keep();
  };
  return (
    <span class="question" role="alert" onKeyDown={onKeyDown}>
      {text("remove_all_question")}
      <button type="button" class="go-on" onClick={answer(onRemove)}>
        {text("remove_all_yes")}
      </button>
      <button type="button" class="go-on" ref={focus} onClick={keep}>
        {text("remove_all_no")}
      </button>
    </span>
  );
}

function focus(button: HTMLButtonElement | null): void {
  button?.focus();
}

function removeAll(queue: UploadQueue): void {
  for (const upload of queue.uploads.value) {
    if (upload.state.value.kind === "complete") queue.remove(upload);
    else queue.dismiss(upload);
  }
}
