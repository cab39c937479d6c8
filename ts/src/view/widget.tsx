/** The widget: a button that is a drop target, and a row for each file. */

import type { Signal } from "@preact/signals";
import type { TargetedEvent } from "preact";
import { useId, useRef } from "preact/hooks";
import type { Settings } from "../channel";
import { pickedFiles } from "../pick";
import type { UploadQueue } from "../queue";
import { Announcer } from "./announcer";
import { type Over, useDrop } from "./drop";
import { useKeptFocus } from "./focus";
import { Icon } from "./icons";
import { Label } from "./label";
import { type Language, languageProps, useLanguage } from "./language";
import { Notices } from "./notices";
import { OfferRows } from "./offers";
import { Rows } from "./rows";
import { Summary } from "./summary";
import { chooseText, dropText, limitsText } from "./texts";

interface WidgetProps {
  queue: UploadQueue;
  settings: { readonly value: Settings };
}

export function Widget({ queue, settings }: WidgetProps) {
  const { label, description, layout, disabled, accept, dropArea } = settings.value;
  const { notice } = queue;
  const language = useLanguage();
  const section = useRef<HTMLElement>(null);
  useKeptFocus(section);
  const drop = useDrop(section, { disabled, accept, area: dropArea }, (event) => {
    notice.value = null;
    pickedFiles(event).then(
      (files) => queue.add(files),
      () => {
        notice.value = { kind: "drop_unreadable" };
      },
    );
  });
  const classes = [
    ...["widget", layout, OVER[drop.over.value], disabled && "disabled"],
    queue.isNotebook && "notebook",
  ];
  return (
    <section
      ref={section}
      class={classes.filter(Boolean).join(" ")}
      tabIndex={-1}
      aria-label={label || language.text("files")}
      {...languageProps(language)}
      {...drop.handlers}
    >
      <Label label={label} description={description} />
      <Picker queue={queue} settings={settings} over={drop.over} />
      <Notices queue={queue} />
      <OfferRows offers={queue.offers} disabled={disabled} />
      <Summary queue={queue} />
      <Rows queue={queue} />
      <Announcer queue={queue} />
    </section>
  );
}

const OVER = { nothing: "", welcome: "over", refusal: "refusing" } satisfies Record<Over, string>;

function hintText({ text }: Language, over: Over, otherwise: string): string {
  if (over === "nothing") return otherwise;
  return text(over === "welcome" ? "drop_now" : "drop_refused");
}

interface PickerProps extends WidgetProps {
  over: Signal<Over>;
}

function Picker({ queue, settings, over }: PickerProps) {
  const { disabled, multiple, directory, accept, capture, layout, maxFiles } = settings.value;
  const language = useLanguage();
  const several = multiple && maxFiles !== 1;
  const input = useRef<HTMLInputElement>(null);
  const hint = useId();
  const limits = limitsText(
    language,
    settings.value,
    several,
    several ? queue.totals.value.held : undefined,
  );
  const onChange = async (event: TargetedEvent<HTMLInputElement>) => {
    const field = event.currentTarget;
    queue.add(await pickedFiles(event));
    field.value = ""; // so that the same file can be picked again
  };
  return (
    <div class="picker" part="picker">
      <button
        type="button"
        class="choose"
        part="choose"
        disabled={disabled}
        aria-describedby={hint}
        title={layout === "button" && limits !== "" ? limits : undefined}
        onClick={() => input.current?.click()}
      >
        <Icon name="upload" />
        {chooseText(language, several, directory)}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        tabIndex={-1}
        disabled={disabled}
        multiple={several}
        // @ts-expect-error: not in Preact's types; every browser has it
        webkitdirectory={directory}
        accept={directory ? undefined : accept.join(",")}
        capture={capture ?? undefined}
        onChange={onChange}
      />
      <span class="hint" part="hint" id={hint}>
        {disabled
          ? language.text("disabled")
          : hintText(language, over.value, dropText(language, several, directory))}
        {limits !== "" && <span class="limits">{limits}</span>}
      </span>
    </div>
  );
}
