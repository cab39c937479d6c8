/** What stands above a widget: its label, and more about it. */

import { useId } from "preact/hooks";
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
    <div class="label">
      {label} {description && <Description html={description} />}
    </div>
  );
}

/** The tooltip that every Panel widget has; its HTML is the app's own. */
function Description({ html }: { html: string }) {
  const id = useId();
  const { text } = useLanguage();
  return (
    <span class="description">
      <button type="button" class="info" aria-label={text("description")} aria-describedby={id}>
        <Icon name="info" />
      </button>
      {/* The HTML was written by the author of the app. */}
      <span class="tooltip" role="tooltip" id={id} dangerouslySetInnerHTML={{ __html: html }} />
    </span>
  );
}
