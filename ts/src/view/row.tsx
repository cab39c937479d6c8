/** One file: what it is, how far it is, what can be done about it. */

import type { UploadQueue } from "../queue";
import type { Upload, UploadState } from "../upload";
import { Action } from "./action";
import type { IconName } from "./icons";
import { type Language, type TextKey, useLanguage } from "./language";
import { FEW_ROWS } from "./list";
import { CONNECTION, failureText, nameText } from "./texts";
import { Thumbnail } from "./thumbnail";

const BADGES: Partial<Record<UploadState["kind"], IconName>> = {
  complete: "done",
  refused: "warning",
  failed: "warning",
};

const STATUS = {
  queued: "waiting",
  created: "waiting",
  checking: "checking",
  running: "running",
  finishing: "finishing",
  cancelled: "cancelled",
} as const satisfies Partial<Record<UploadState["kind"], TextKey>>;

const IN_PROGRESS: UploadState["kind"][] = ["running", "finishing"];

interface RowProps {
  upload: Upload;
  queue: UploadQueue;
}

export function Row({ upload, queue }: RowProps) {
  const state = upload.state.value;
  const { size, source } = upload;
  const language = useLanguage();
  const name = nameText(language, source.name);
  const { connection } = queue;
  const isMoving = connection === "up" || connection === "reconnecting";
  return (
    <li class={`row ${state.kind}`} part="row" data-state={state.kind}>
      <div class="line">
        <Thumbnail
          name={name}
          type={source.type}
          file={queue.settings?.previews ? source.file : null}
          badge={BADGES[state.kind]}
        />
        <span class="name" part="name" title={nameText(language, upload.relativePath)}>
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
  const language = useLanguage();
  const { text, duration } = language;
  if (upload.active && connection !== "up") {
    if (connection === "reconnecting") {
      return (
        <>
          <span>{text(CONNECTION[connection])}</span>
          <Size upload={upload} />
        </>
      );
    }
    // That of files is said once for all of them.
    const isFile = upload.source.file !== null;
    return (
      <span class="wrong" role={isFile ? undefined : "alert"}>
        {text(isFile ? CONNECTION[connection] : "recording_cut_off")}
      </span>
    );
  }
  if (upload.isPaused.value) return <Paused upload={upload} />;
  const seconds = queue.retries.secondsLeft(upload);
  const isSaid = queue.uploads.value.length <= FEW_ROWS; // of many, it would not end
  if (state.kind === "finishing" && upload.stored.value < upload.size) {
    return <Running upload={upload} queue={queue} />; // all is sent, and the server is not so far
  }
  switch (state.kind) {
    case "refused":
    case "failed":
      return (
        <>
          <span role={isSaid ? "alert" : undefined}>
            {isSaid && <span class="unseen">{nameText(language, upload.source.name)}: </span>}
            {text(state.kind, { reason: failureText(language, state.failure) })}
          </span>
          {seconds !== null && <span>{text("trying_again", { time: duration(seconds) })}</span>}
        </>
      );
    case "running":
      return <Running upload={upload} queue={queue} />;
    case "complete":
      return (
        <>
          <span>{completeText(language, state.enough)}</span>
          <Size upload={upload} />
        </>
      );
    default:
      return (
        <>
          <span>{text(STATUS[state.kind])}</span>
          <Size upload={upload} />
        </>
      );
  }
}

/** How much it is, and how much of that is stored while it is sent. */
function Size({ upload: { size, state, stored } }: { upload: Upload }) {
  const { text, bytes } = useLanguage();
  const isPart = state.value.kind !== "complete" && stored.value > 0 && stored.value < size;
  return (
    <span class="size">
      {isPart ? text("stored_of", { stored: bytes(stored.value), size: bytes(size) }) : bytes(size)}
    </span>
  );
}

function Paused({ upload }: { upload: Upload }) {
  const { size, stored } = upload;
  const { text, percent } = useLanguage();
  return (
    <>
      <span>{text("paused")}</span>
      {stored.value > 0 && <span>{percent(stored.value, size)}</span>}
      <Size upload={upload} />
    </>
  );
}

function completeText({ text, bytes }: Language, enough: number | undefined): string {
  return enough === undefined ? text("complete") : text("enough", { size: bytes(enough) });
}

function Running({ upload, queue }: { upload: Upload; queue: UploadQueue }) {
  const { isNotebook, silence } = queue;
  const { text, bytes, duration, percent, rate } = useLanguage();
  const other = isNotebook ? "kernel" : "server";
  // A rate would be none while nothing is stored.
  const waiting = silence.isLong.value && text(`waiting_for_${other}`);
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
      {!waiting && upload.isHeld.value && <span>{text(`held_by_${other}`)}</span>}
      {!waiting && timeLeft !== null && (
        <span>{text("time_left", { time: duration(timeLeft) })}</span>
      )}
      {resumedAt > 0 && <span>{text("went_on", { size: bytes(resumedAt) })}</span>}
    </>
  );
}

function RowActions({ upload, queue }: RowProps) {
  const language = useLanguage();
  const { text } = language;
  const name = nameText(language, upload.source.name);
  const active = upload.active || queue.isWaiting(upload);
  const complete = upload.state.value.kind === "complete";
  const label = text(active ? "cancel" : complete ? "remove" : "dismiss", { name });
  const onClick = () => {
    if (active) queue.cancel(upload);
    else if (complete) queue.remove(upload);
    else queue.dismiss(upload);
  };
  const retry = () => void queue.retry([upload]);
  return (
    <span class="actions">
      {upload.isPaused.value ? (
        <Action label={text("go_on_with", { name })} icon="go" onClick={() => queue.goOn(upload)} />
      ) : (
        // The same button, which keeps the focus.
        upload.canPause &&
        !isCutOff(queue) && (
          <Action
            label={text("pause", { name })}
            icon="pause"
            onClick={() => queue.pause(upload)}
          />
        )
      )}
      {queue.canRetry(upload) && (
        <Action label={text("retry", { name })} icon="retry" onClick={retry} />
      )}
      {!(complete && queue.settings?.disabled) && (
        <Action
          key={complete ? "remove" : "close"} // who is about to cancel is not to remove
          label={label}
          icon={complete ? "remove" : "close"}
          onClick={onClick}
        />
      )}
    </span>
  );
}

/** Whether nothing goes on in this page. */
function isCutOff({ connection }: UploadQueue): boolean {
  return connection === "lost" || connection === "refused";
}
