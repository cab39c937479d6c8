/** What all files have come to together, and what can be done about all of them. */

import { useSignal } from "@preact/signals";
import type { UploadQueue } from "../queue";
import type { Totals } from "../totals";
import type { Upload } from "../upload";
import { bytes, duration, percent, rate } from "./format";
import { Action } from "./row";
import { texts } from "./texts";

interface SummaryProps {
  queue: UploadQueue;
}

export function Summary({ queue }: SummaryProps) {
  if (queue.uploads.value.length < 2) return null;
  const totals = queue.totals.value;
  return (
    <div class="summary" part="summary">
      <span class="facts">
        {totals.active.length > 0 ? <Running totals={totals} /> : <Ended totals={totals} />}
      </span>
      <Actions queue={queue} totals={totals} />
    </div>
  );
}

function Running({ totals }: { totals: Totals }) {
  const { complete, active, sending, stored, size, rate: speed, left } = totals;
  return (
    <>
      <span>{texts.filesDone(complete.length, complete.length + active.length)}</span>
      <span>{percent(stored, size)}</span>
      {sending === 0 && <span>{texts.paused}</span>}
      {speed > 0 && <span>{rate(speed)}</span>}
      {speed > 0 && <span>{texts.timeLeft(duration(left / speed))}</span>}
    </>
  );
}

function Ended({ totals: { complete, completeSize, failed } }: { totals: Totals }) {
  return (
    <>
      {complete.length > 0 && <span>{texts.filesInAll(complete.length, bytes(completeSize))}</span>}
      {failed > 0 && <span>{texts.countFailed(failed)}</span>}
    </>
  );
}

function Actions({ queue, totals }: SummaryProps & { totals: Totals }) {
  const { active, canPause, isPaused, toRetry } = totals;
  const forAll = (those: Upload[], act: (upload: Upload) => void) => () => {
    for (const upload of those) act(upload);
  };
  return (
    <span class="actions">
      {toRetry.length > 0 && (
        <Action
          label={texts.retryAll}
          icon="retry"
          onClick={forAll(toRetry, (upload) => queue.retry(upload))}
        />
      )}
      {canPause ? (
        <Action label={texts.pauseAll} icon="pause" onClick={() => queue.pauseAll()} />
      ) : (
        isPaused && <Action label={texts.goOnAll} icon="go" onClick={() => queue.goOnAll()} />
      )}
      {active.length > 0 ? (
        <Action
          key="cancel"
          label={texts.cancelAll}
          icon="close"
          onClick={forAll(active, (upload) => queue.cancel(upload))}
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
  const isAsking = useSignal(false);
  if (!isAsking.value) {
    const ask = () => {
      isAsking.value = true;
    };
    return <Action label={texts.removeAll} icon="remove" onClick={ask} />;
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
      {texts.reallyRemoveAll}
      <button type="button" class="go-on" onClick={answer(onRemove)}>
        {texts.yesRemoveAll}
      </button>
      <button type="button" class="go-on" ref={focus} onClick={keep}>
        {texts.keepAll}
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
