/** What a page before has begun and not ended, and how it goes on. */

import { useSignal } from "@preact/signals";
import type { Offer, Offers } from "../offers";
import { Action } from "./action";
import { useLanguage } from "./language";
import { FEW_ROWS, More } from "./more";
import { nameText } from "./texts";
import { Thumbnail } from "./thumbnail";

interface OfferRowsProps {
  offers: Offers;
  disabled: boolean;
  /** Called when a row goes, and with it the button that has the focus. */
  focusButton: () => void;
}

export function OfferRows({ offers, disabled, focusButton }: OfferRowsProps) {
  const { text } = useLanguage();
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
      <ul class="rows" aria-label={text("not_ended")}>
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
  const language = useLanguage();
  const { text, bytes } = language;
  const name = nameText(language, relativePath.split("/").at(-1) ?? "");
  return (
    <li class="row offer" data-state="offer">
      <div class="line">
        <Thumbnail name={name} />
        <span class="name" title={nameText(language, relativePath)}>
          <bdi>{name}</bdi>
        </span>
        <span class="size">{bytes(size)}</span>
        <span class="actions">
          <Action label={text("forget", { name })} icon="close" onClick={onDismiss} />
        </span>
      </div>
      <div class="detail">
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
