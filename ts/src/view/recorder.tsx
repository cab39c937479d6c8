/** The recorder: its buttons, what it hears or sees, and a row for each recording. */

import type { RefObject } from "preact";
import { useId, useRef } from "preact/hooks";
import type { Settings } from "../channel";
import { KINDS, type Kind } from "../devices";
import type { UploadQueue } from "../queue";
import type { Recorder } from "../recorder";
import { Announcer } from "./announcer";
import { useKeptFocus } from "./focus";
import { Icon, type IconName } from "./icons";
import { Label } from "./label";
import { languageProps, type TextKey, useLanguage } from "./language";
import { Notices } from "./notices";
import { Level, Preview } from "./preview";
import { Rows } from "./rows";
import { limitsText, remarkText } from "./texts";

interface RecorderProps {
  recorder: Recorder;
  queue: UploadQueue;
  settings: { readonly value: Settings };
}

export function RecorderView({ recorder, queue, settings }: RecorderProps) {
  const { label, description, disabled } = settings.value;
  const source = settings.value.recorder?.source ?? "microphone";
  const language = useLanguage();
  const button = useRef<HTMLButtonElement>(null);
  const section = useRef<HTMLElement>(null);
  useKeptFocus(section);
  const take = recorder.take.value;
  const remark = recorder.remark.value;
  const isOver = remark === "full" || remark === "limit" || remark === "lost_device";
  const classes = ["widget", "recorder", disabled && "disabled", queue.isNotebook && "notebook"];
  return (
    <section
      ref={section}
      class={classes.filter(Boolean).join(" ")}
      tabIndex={-1}
      aria-label={label || language.text("recorder")}
      {...languageProps(language)}
    >
      <Label label={label} description={description} />
      <div class={`deck ${recorder.now.value.kind}`}>
        {take && source !== "microphone" && <Preview stream={take.stream} />}
        <Controls recorder={recorder} queue={queue} settings={settings} button={button} />
        {take && take.stream.getAudioTracks().length > 0 && <Level stream={take.stream} />}
        {KINDS[source].map((kind) => (
          <DeviceChoice key={kind} kind={kind} recorder={recorder} disabled={disabled} />
        ))}
      </div>
      {remark !== null && (
        <p class={isOver ? "remark" : "notice"} part="notice" role={isOver ? "status" : "alert"}>
          {remarkText(language, remark, source)}
        </p>
      )}
      <Notices queue={queue} />
      <Rows queue={queue} without={take?.upload ?? null} />
      <Announcer queue={queue} />
    </section>
  );
}

interface ControlsProps extends RecorderProps {
  button: RefObject<HTMLButtonElement | null>;
}

function Controls({ recorder, queue, settings, button }: ControlsProps) {
  const { kind } = recorder.now.value;
  const take = recorder.take.value;
  const hint = useId();
  const language = useLanguage();
  const { text, bytes, clock } = language;
  const hintKey = hintOf(recorder, queue, settings.value);
  const { label, icon, onClick, isPossible } = firstControl(recorder, settings.value);
  const stop = () => {
    recorder.stop();
    button.current?.focus(); // the one that had the focus goes
  };
  return (
    <div class="controls">
      {/* It stays the same element, which keeps the focus. */}
      <button
        type="button"
        class={kind === "idle" ? "choose" : "control"}
        part="choose"
        ref={button}
        disabled={!isPossible}
        aria-describedby={hint}
        onClick={onClick}
      >
        <Icon name={icon} />
        {text(label)}
      </button>
      {take && (
        <button type="button" class="control" onClick={stop}>
          <Icon name="stop" />
          {text("stop")}
        </button>
      )}
      {take && (
        <span class="counts">
          <span role="timer">{clock(recorder.elapsed.value)}</span>
          <span class="size">{bytes(take.recording.recorded.value)}</span>
        </span>
      )}
      <span class={`hint ${isPlain(hintKey) ? "unseen" : ""}`} part="hint" id={hint} role="status">
        {hintKey ? text(hintKey) : limitsText(language, settings.value, settings.value.multiple)}
      </span>
    </div>
  );
}

interface ControlState {
  label: TextKey;
  icon: IconName;
  onClick: () => void;
  isPossible: boolean;
}

function firstControl(recorder: Recorder, { recorder: settings }: Settings): ControlState {
  const now = recorder.now.value;
  switch (now.kind) {
    case "idle": {
      return control(
        `record_${settings?.source ?? "microphone"}`,
        "record",
        () => void recorder.start(),
        recorder.canStart,
      );
    }
    case "asking":
      return control("stop_asking", "close", () => recorder.stop());
    case "recording":
      return control("pause_recording", "pause", () => recorder.pause());
    case "paused":
      return control("go_on_recording", "record", () => recorder.goOn(), !now.isFull);
  }
}

function control(
  label: TextKey,
  icon: IconName,
  onClick: () => void,
  isPossible = true,
): ControlState {
  return { label, icon, onClick, isPossible };
}

/** What stands beside the buttons; without one, the limits do. */
function hintOf(recorder: Recorder, queue: UploadQueue, settings: Settings): TextKey | null {
  const now = recorder.now.value;
  if (now.kind === "asking") return "asking";
  if (now.kind !== "idle" && queue.connection !== "up") {
    return queue.connection === "reconnecting" ? "recording_unconnected" : "recording_cut_off";
  }
  if (now.kind === "recording") return "recording";
  if (now.kind === "paused") return now.isFull ? "recording_full" : "paused";
  if (settings.disabled) return "disabled";
  return recorder.canStart ? null : "sending_last";
}

/** Whether it only says what the buttons show. */
function isPlain(hint: TextKey | null): boolean {
  return hint === "recording" || hint === "paused";
}

interface ChoiceProps {
  kind: Kind;
  recorder: Recorder;
  disabled: boolean;
}

/** What to record with, where there is a choice. */
function DeviceChoice({ kind, recorder, disabled }: ChoiceProps) {
  const { text } = useLanguage();
  const devices = recorder.devices.value[kind];
  if (devices.length < 2) return null;
  return (
    <select
      class="device"
      aria-label={text(kind === "audioinput" ? "microphone" : "camera")}
      disabled={disabled || recorder.now.value.kind !== "idle"}
      value={recorder.chosen.value[kind] ?? devices[0]?.id}
      onChange={(event) => recorder.choose(kind, event.currentTarget.value)}
    >
      {devices.map(({ id, label }) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </select>
  );
}
