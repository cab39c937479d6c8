/** The widget in the language that its author or its page has chosen. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo } from "preact/hooks";
import type { Settings } from "../channel";
import { textsIn, validTag } from "../languages";
import { ENGLISH, LanguageContext, language } from "./language";

interface LocalizedProps {
  settings: { readonly value: Settings };
  /** The tag of the page's language. */
  page: string;
  /** Asks the server for its texts in a language. */
  ask: (tag: string) => void;
  children: ComponentChildren;
}

export function Localized({ settings, page, ask, children }: LocalizedProps) {
  const { language: chosen, texts } = settings.value;
  const tag = validTag(chosen === "browser" ? navigator.language : (chosen ?? page));
  const wanted = textsIn(tag);
  useLayoutEffect(() => {
    if (!wanted.isAnswered) ask(tag);
  }, [wanted, tag, ask]);
  const known = wanted.texts.value;
  const current = useMemo(() => {
    if (known === undefined) return { ...ENGLISH, isPending: true };
    // Numbers of another language would not fit texts in English, unless these are the app's.
    const isTheApps = chosen !== null && chosen !== "browser";
    return language(known !== null || isTheApps ? tag : "en", known, texts);
  }, [known, chosen, tag, texts]);
  return <LanguageContext.Provider value={current}>{children}</LanguageContext.Provider>;
}
