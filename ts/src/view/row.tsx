/** One file: what it is, how far it is, what can be done about it. */

import type { UploadQueue } from "../queue";
import type { Upload, UploadState } from "../upload";
import { bytes, duration, percent, rate } from "./format";
import { Icon, type IconName } from "./icons";
import { FEW_ROWS } from "./list";
import { failureText, nameText, texts } from "./texts";

const ICONS: Partial<Record<UploadState["kind"], IconName>> = {
  complete: "done",
  refused: "warning",
  failed: "warning",
};

const IN_PROGRESS: UploadState["kind"][] = ["running", "finishing"];

interface RowProps {
  upload: Upload;
  queue: UploadQueue;
}

export function Row({ upload, queue }: RowProps) {
  const state = upload.state.value;
  const { size } = upload;
  const name = nameText(upload.source.name);
  const { connection } = queue;
  const isMoving = connection === "up" || connection === "reconnecting";
  return (
    <li class={`row ${state.kind}`} part="row" data-state={state.kind}>
      <div class="line">
        <Icon name={ICONS[state.kind] ?? "file"} />
        <span class="name" part="name" title={nameText(upload.relativePath)}>
          <bdi>{name}</bdi>
        </span>
        <RowActions upload={upload} queue={queue} />
      </div>
      <div class="detail" part="detail">
        <Detail upload={upload} queue={queue} />
      </div>
      {isMoving && IN_PROGRESS.includes(state.kind) && (
        <progress
          part="progress"
          class={upload.isPaused.value ? "paused" : ""}
          max={size || 1}
          value={upload.stored.value}
          aria-label={name}
        />
      )}
    </li>
  );
}

function Detail({ upload, queue }: { upload: Upload; queue: UploadQueue }) {
  const state = upload.state.value;
  const { connection } = queue;
  if (upload.active && connection !== "up") {
    // That of files is said once for all of them.
    if (connection === "reconnecting" || upload.source.file !== null) {
      return <span>{texts.connection[connection]}</span>;
    }
    return <span role="alert">{texts.cutOff}</span>;
  }
  if (upload.isPaused.value) return <Paused upload={upload} />;
  const seconds = queue.retries.secondsLeft(upload);
  switch (state.kind) {
    case "refused":
    case "failed":
      return (
        <>
          <span role={queue.uploads.value.length > FEW_ROWS ? undefined : "alert"}>
            {state.kind === "refused" ? texts.refused : texts.failed}: {failureText(state.failure)}
          </span>
          {seconds !== null && <span>{texts.tryingAgain(seconds)}</span>}
        </>
      );
    case "running":
      return <Running upload={upload} queue={queue} />;
    case "complete":
      return (
        <>
          <span>{completeText(state.enough)}</span>
          <Size upload={upload} />
        </>
      );
    default:
      return (
        <>
          <span>{texts.status[state.kind]}</span>
          <Size upload={upload} />
        </>
      );
  }
}

/** How much it is, and how much of that is stored while it is sent. */
function Size({ upload: { size, state, stored } }: { upload: Upload }) {
  const isPart = state.value.kind !== "complete" && stored.value > 0 && stored.value < size;
  return (
    <span class="size">
      {isPart ? texts.storedOf(bytes(stored.value), bytes(size)) : bytes(size)}
    </span>
  );
}

function Paused({ upload }: { upload: Upload }) {
  const { size, stored } = upload;
  return (
    <>
      <span>{texts.paused}</span>
      {stored.value > 0 && <span>{percent(stored.value, size)}</span>}
      <Size upload={upload} />
    </>
  );
}

function completeText(enough: number | undefined): string {
  return enough === undefined ? texts.status.complete : texts.enough(bytes(enough));
}

function Running({ upload, queue }: { upload: Upload; queue: UploadQueue }) {
  const { isNotebook, silence } = queue;
  // A rate would be none while nothing is stored.
  const waiting = silence.isLong.value && texts.waiting(isNotebook);
  const stored = upload.stored.value;
  const { size } = upload;
  const speed = upload.rate.value;
  const timeLeft = upload.timeLeft.value;
  const resumedAt = upload.resumedAt.value;
  return (
    <>
      <span>{percent(stored, size)}</span>
      <Size upload={upload} />
      {waiting && <span>{waiting}</span>}
      {!waiting && speed !== null && speed > 0 && <span>{rate(speed)}</span>}
      {!waiting && upload.isHeld.value && <span>{texts.held(isNotebook)}</span>}
      {!waiting && timeLeft !== null && <span>{texts.timeLeft(duration(timeLeft))}</span>}
      {resumedAt > 0 && <span>{texts.resumed(bytes(resumedAt))}</span>}
    </>
  );
}

function RowActions({ upload, queue }: RowProps) {
  const name = nameText(upload.source.name);
  const active = upload.active || queue.isWaiting(upload);
  const complete = upload.state.value.kind === "complete";
  const label = (active ? texts.cancel : complete ? texts.remove : texts.dismiss)(name);
  const onClick = () => {
    if (active) queue.cancel(upload);
    else if (complete) queue.remove(upload);
    else queue.dismiss(upload);
  };
  const retry = () => void queue.retry(upload);
  return (
    <span class="actions">
      {upload.isPaused.value ? (
        <Action label={texts.goOnWith(name)} icon="go" onClick={() => queue.goOn(upload)} />
      ) : (
        // The same button, which keeps the focus.
        upload.canPause &&
        !isCutOff(queue) && (
          <Action label={texts.pause(name)} icon="pause" onClick={() => queue.pause(upload)} />
        )
      )}
      {queue.canRetry(upload) && <Action label={texts.retry(name)} icon="retry" onClick={retry} />}
      {!(complete && queue.settings?.disabled) && (
        <Action label={label} icon={complete ? "remove" : "close"} onClick={onClick} />
      )}
    </span>
  );
}

/** Whether nothing goes on in this page. */
function isCutOff({ connection }: UploadQueue): boolean {
  return connection === "lost" || connection === "refused";
}

interface ActionProps {
  label: string;
  icon: IconName;
  onClick: () => void;
}

export function Action({ label, icon, onClick }: ActionProps) {
  return (
    <button
      type="button"
      class="action"
      part="action"
      data-icon={icon}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
