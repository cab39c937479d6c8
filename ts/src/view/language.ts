/** Every text that the page shows, in one language, and its numbers. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import english from "../../../panel_chunked/languages/en.json";
import type { TextSet } from "../languages";
import { type Numbers, numbers } from "./format";

/** What panel_chunked/languages has in each language. */
export type TextKey = keyof typeof english;

/** What stands in a text's braces; of the forms of a text, `count` chooses one. */
type Values = Record<string, string | number>;

export interface Language extends Numbers {
  /** As in HTML. */
  readonly tag: string;
  readonly direction: "ltr" | "rtl";
  /** Whether its texts are still waited for, and would be seen to change. */
  readonly isPending?: boolean;
  text(key: TextKey, values?: Values): string;
  /** Keep a name in another script from turning the text around it. */
  isolate(value: string): string;
}

/** Of `sets`, those that come later have what stands in both; English has what is in none. */
export function language(tag: string, ...sets: (TextSet | null)[]): Language {
  const templates: TextSet = Object.assign({}, english, ...sets);
  const plurals = new Intl.PluralRules(tag);
  const format = numbers(tag);
  const direction = templates.direction === "rtl" ? "rtl" : "ltr";

  function text(key: TextKey, values: Values = {}): string {
    const template = templates[key] ?? "";
    const form =
      typeof template === "string"
        ? template
        : (template[plurals.select(Number(values.count))] ?? template.other ?? "");
    return form.replace(/\{(\w+)\}/g, (braces, name: string) => {
      const value = values[name] ?? braces;
      return isolate(typeof value === "number" ? format.number(value) : value);
    });
  }

  function isolate(value: string): string {
    return direction === "rtl" ? `\u2068${value}\u2069` : value;
  }

  return { tag, direction, text, isolate, ...format };
}

export const ENGLISH = language("en");

export const LanguageContext = createContext(ENGLISH);

export function useLanguage(): Language {
  return useContext(LanguageContext);
}

/** What says to the browser which language an element is in. */
export function languageProps({ tag, direction, isPending = false }: Language) {
  return { lang: tag, dir: direction, style: isPending ? "visibility: hidden" : undefined };
}
