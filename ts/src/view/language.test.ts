import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TextSet } from "../languages";
import { ENGLISH, language, type TextKey } from "./language";

const FOLDER = new URL("../../../panel_chunked/languages/", import.meta.url);

function load(tag: string): TextSet {
  return JSON.parse(readFileSync(new URL(`${tag}.json`, FOLDER), "utf-8"));
}

const TAGS = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.replace(".json", ""));

describe("a language", () => {
  it("is one of seven", () => {
    expect(TAGS.sort()).toEqual(["ar", "de", "en", "es", "fr", "ja", "zh"]);
  });

  it.each(TAGS)("has a form for every number: %s", (tag) => {
    const categories = [...new Intl.PluralRules(tag).resolvedOptions().pluralCategories].sort();
    for (const [key, text] of Object.entries(load(tag))) {
      if (typeof text === "object") expect(Object.keys(text).sort(), key).toEqual(categories);
    }
  });

  it.each(TAGS)("leaves no braces in a text: %s", (tag) => {
    const { text } = language(tag, load(tag));
    const names = ["name", "count", "done", "size", "stored", "limit", "left", "time", "reason"];
    const values = Object.fromEntries(["message", "kinds", ...names].map((name) => [name, 3]));
    for (const key of Object.keys(load("en"))) {
      const shown = text(key as TextKey, values);
      expect(shown, key).not.toBe("");
      expect(shown, key).not.toMatch(/[{}]/);
    }
  });
});

describe("a text", () => {
  const german = language("de", load("de"));
  const arabic = language("ar", load("ar"));

  it("has its values, which are not looked into", () => {
    expect(german.text("remove", { name: "{name}.csv" })).toBe("{name}.csv entfernen");
  });

  it.each([
    [ENGLISH, 1, "Show 1 more file"],
    [ENGLISH, 1234, "Show 1,234 more files"],
    [german, 1, "1 weitere Datei anzeigen"],
    [german, 1234, "1.234 weitere Dateien anzeigen"],
    [arabic, 2, "إظهار ملفين آخرين"],
    [arabic, 5, "إظهار \u20685\u2069 ملفات أخرى"],
    [arabic, 11, "إظهار \u206811\u2069 ملفًا آخر"],
  ])("has the form for its number: %o %d", ({ text }, count, shown) => {
    expect(text("more", { count })).toBe(shown);
  });

  it("from right to left is not turned by a name", () => {
    expect(arabic.direction).toBe("rtl");
    expect(arabic.text("remove", { name: "a.csv" })).toBe("إزالة \u2068a.csv\u2069");
  });

  it("is the app's, if it has one, and English where there is no other", () => {
    const { text } = language("pl", null, { choose_file: "Wybierz plik" });
    expect(text("choose_file")).toBe("Wybierz plik");
    expect(text("choose_files")).toBe("Choose files");
  });

  it("of the app may lack forms", () => {
    const { text } = language("en", { more: { other: "{count} more" } });
    expect(text("more", { count: 1 })).toBe("1 more");
  });
});

describe("numbers", () => {
  it.each([
    ["de", "1,3 kB", "5 GiB", "9,0 MB/s", "1 Min. 10 Sek.", "35 %"],
    ["fr", "1,3 ko", "5 GiB", "9,0 Mo/s", "1 min 10 s", "35 %"],
    ["ja", "1.3 KB", "5 GiB", "9.0 MB/秒", "1 分 10 秒", "35%"],
  ])("are those of the language: %s", (tag, size, limit, rate, duration, percent) => {
    const its = language(tag);
    const shown = [its.bytes(1250), its.limitBytes(5 * 2 ** 30), its.rate(9e6), its.duration(61)];
    shown.push(its.percent(35, 100));
    const spaced = shown.map((text) => text.replaceAll(/[\u00a0\u202f]/g, " "));
    expect(spaced).toEqual([size, limit, rate, duration, percent]);
  });
});
