/** What a page before has begun and not ended, and how it goes on. */

import type { Offer, Offers } from "../offers";
import { bytes } from "./format";
import { Icon } from "./icons";
import { List } from "./list";
import { Action } from "./row";
import { nameText, texts } from "./texts";

interface OfferRowsProps {
  offers: Offers;
  disabled: boolean;
}

export function OfferRows({ offers, disabled }: OfferRowsProps) {
  const all = offers.shown.value;
  return (
    <List
      label={texts.notEnded}
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
  const name = nameText(relativePath.split("/").at(-1) ?? "");
  return (
    <li class="row offer" data-state="offer">
      <div class="line">
        <Icon name="file" />
        <span class="name" title={nameText(relativePath)}>
          <bdi>{name}</bdi>
        </span>
        <span class="size">{bytes(size)}</span>
        <span class="actions">
          <Action label={texts.forget(name)} icon="close" onClick={onDismiss} />
        </span>
      </div>
      <div class="detail">
        <span>{texts.begun}</span>
        {handle === null ? (
          <span>{texts.chooseAgain}</span>
        ) : (
          <button
            type="button"
            class="go-on"
            aria-label={texts.goOnWith(name)}
            disabled={disabled}
            onClick={onGoOn}
          >
            {texts.goOn}
          </button>
        )}
      </div>
    </li>
  );
}
