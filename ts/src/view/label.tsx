/** What stands above a widget: its label, and more about it. */

import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect } from "preact/hooks";
import { Icon } from "./icons";
import { useLanguage } from "./language";

interface LabelProps {
  label: string;
  /** HTML. */
  description: string | null;
}

export function Label({ label, description }: LabelProps) {
  if (label === "") return null;
  return (
    <div class="label" part="label">
      {label} {description && <Description html={description} />}
    </div>
  );
}

/** The tooltip that every Panel widget has; its HTML is the app's own. */
function Description({ html }: { html: string }) {
  const id = useId();
  const { text } = useLanguage();
  const isOpen = useSignal(false);
  const open = () => {
    isOpen.value = true;
  };
  const close = () => {
    isOpen.value = false;
  };
  useLayoutEffect(() => (isOpen.value ? onEscape(close) : undefined), [isOpen.value]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what it shows is the button's description
    <span
      class={isOpen.value ? "description open" : "description"}
      onMouseEnter={open}
      onMouseLeave={close}
      onFocusIn={open}
      onFocusOut={close}
    >
      <button type="button" class="info" aria-label={text("description")} aria-describedby={id}>
        <Icon name="info" />
      </button>
      {/* The HTML was written by the author of the app. */}
      <span class="tooltip" role="tooltip" id={id} dangerouslySetInnerHTML={{ __html: html }} />
    </span>
  );
}

/** The mouse may have opened it while the focus is elsewhere. Gives what ends it. */
function onEscape(act: () => void): () => void {
  const listen = ({ key }: KeyboardEvent) => {
    if (key === "Escape") act();
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}
