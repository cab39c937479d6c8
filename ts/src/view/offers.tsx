/** What a page before has begun and not ended, and how it goes on. */

import { useSignal } from "@preact/signals";
import type { Offer, Offers } from "../offers";
import { bytes } from "./format";
import { Icon } from "./icons";
import { FEW_ROWS, More } from "./more";
import { Action } from "./row";
import { nameText, texts } from "./texts";

interface OfferRowsProps {
  offers: Offers;
  disabled: boolean;
  /** Called when a row goes, and with it the button that has the focus. */
  focusButton: () => void;
}

export function OfferRows({ offers, disabled, focusButton }: OfferRowsProps) {
  const count = useSignal(FEW_ROWS);
  const all = offers.shown.value;
  if (all.length === 0) return null;
  const dismiss = (offer: Offer) => {
    offers.dismiss(offer);
    focusButton();
  };
  const goOn = async (offer: Offer) => {
    await offers.goOn(offer);
    if (!offers.shown.value.includes(offer)) focusButton();
  };
  return (
    <>
      <ul class="rows" aria-label={texts.notEnded}>
        {all.slice(0, count.value).map((offer) => (
          <OfferRow
            key={offer.id}
            offer={offer}
            disabled={disabled}
            onGoOn={() => void goOn(offer)}
            onDismiss={() => dismiss(offer)}
          />
        ))}
      </ul>
      <More count={count} total={all.length} />
    </>
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
