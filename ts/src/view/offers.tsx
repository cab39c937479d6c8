/** What a page before has begun and not ended, and how it goes on. */

import type { Offer, Offers } from "../offers";
import { Action } from "./action";
import { useLanguage } from "./language";
import { List } from "./list";
import { nameText } from "./texts";
import { Thumbnail } from "./thumbnail";

interface OfferRowsProps {
  offers: Offers;
  disabled: boolean;
}

export function OfferRows({ offers, disabled }: OfferRowsProps) {
  const { text } = useLanguage();
  const all = offers.shown.value;
  return (
    <List
      label={text("not_ended")}
      items={all}
      few={(count) => all.slice(0, count)}
      row={(offer) => (
        <OfferRow
          key={offer.id}
          offer={offer}
          disabled={disabled}
          onGoOn={() => void offers.goOn(offer)}
          onDismiss={() => offers.dismiss(offer)}
        />
      )}
    />
  );
}

interface OfferRowProps {
  offer: Offer;
  disabled: boolean;
  onGoOn: () => void;
  onDismiss: () => void;
}

function OfferRow({ offer, disabled, onGoOn, onDismiss }: OfferRowProps) {
  const { relativePath, size, handle } = offer;
  const language = useLanguage();
  const { text, bytes } = language;
  const name = nameText(language, relativePath.split("/").at(-1) ?? "");
  return (
    <li class="row offer" part="row" data-state="offer">
      <div class="line">
        <Thumbnail name={name} />
        <span class="name" part="name" title={nameText(language, relativePath)}>
          <bdi>{name}</bdi>
        </span>
        <span class="size">{bytes(size)}</span>
        <span class="actions">
          <Action label={text("forget", { name })} icon="close" onClick={onDismiss} />
        </span>
      </div>
      <div class="detail" part="detail">
        <span>{text("begun")}</span>
        {handle === null ? (
          <span>{text("choose_again")}</span>
        ) : (
          <button
            type="button"
            class="go-on"
            aria-label={text("go_on_with", { name })}
            disabled={disabled}
            onClick={onGoOn}
          >
            {text("go_on")}
          </button>
        )}
      </div>
    </li>
  );
}
