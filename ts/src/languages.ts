/** Texts in other languages than English: the server has them, and sends those that are wanted. */

import { type Signal, signal } from "@preact/signals";

/** Texts by their keys; one that speaks of a number has forms, as `Intl.PluralRules` names them. */
export type TextSet = Partial<Record<string, string | Record<string, string>>>;

/** Milliseconds after which a page is shown in English if no answer comes. */
const PATIENCE = 1000;

/** Characters of a tag that the server takes. */
const LONGEST_TAG = 64;

export interface KnownTexts {
  /** Undefined as long as they are waited for, null if there are none. */
  readonly texts: Signal<TextSet | null | undefined>;
  isAnswered: boolean;
}

const known = new Map<string, KnownTexts>();

/** Give what is known of the texts in a language. */
export function textsIn(tag: string): KnownTexts {
  const before = known.get(tag);
  if (before !== undefined) return before;
  const isEnglish = /^en(-|$)/i.test(tag);
  const texts: KnownTexts["texts"] = signal(isEnglish ? {} : undefined);
  const now: KnownTexts = { texts, isAnswered: isEnglish };
  known.set(tag, now);
  setTimeout(() => {
    texts.value ??= null;
  }, PATIENCE);
  return now;
}

/** Take what the server has said; null is that it has none. */
export function learn(tag: string, texts: TextSet | null): void {
  const now = textsIn(tag);
  now.isAnswered = true;
  now.texts.value = texts;
}

/** Give the language that an element is said to be in, whatever shadow roots it stands in. */
export function languageOf(element: Element): string {
  const found = element.closest<HTMLElement>("[lang]:not([lang=''])");
  if (found !== null) return found.lang;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? languageOf(root.host) : document.documentElement.lang;
}

/** Give a tag that `Intl` and the server take; what is none, or is empty, is taken for English. */
export function validTag(tag: string): string {
  try {
    const [valid = "en"] = Intl.getCanonicalLocales(tag);
    return valid.length <= LONGEST_TAG ? valid : "en";
  } catch {
    return "en";
  }
}
