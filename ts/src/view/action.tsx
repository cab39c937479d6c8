/** A button that is an icon, and says by its label what it does. */

import { Icon, type IconName } from "./icons";

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
