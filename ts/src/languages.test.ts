// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { languageOf, learn, textsIn, validTag } from "./languages";

describe("texts in a language", () => {
  it("are there at once in English", () => {
    expect(textsIn("en-GB").texts.value).toEqual({});
    expect(textsIn("en-GB").isAnswered).toBe(true);
  });

  it("are waited for, and then known", () => {
    const { texts } = textsIn("de");
    expect(texts.value).toBeUndefined();
    learn("de", { fewer: "Weniger" });
    expect(texts.value).toEqual({ fewer: "Weniger" });
    expect(textsIn("de").isAnswered).toBe(true);
  });

  it("are not waited for too long, and still welcome then", () => {
    vi.useFakeTimers();
    const late = textsIn("fr");
    vi.advanceTimersByTime(1000);
    expect([late.texts.value, late.isAnswered]).toEqual([null, false]);
    learn("fr", { fewer: "Moins" });
    expect(late.texts.value).toEqual({ fewer: "Moins" });
    vi.useRealTimers();
  });
});

describe("the language of an element", () => {
  it("is that of what it stands in, through shadow roots, or of the page", () => {
    document.documentElement.lang = "ja";
    const host = document.body.appendChild(document.createElement("div"));
    const inner = host.attachShadow({ mode: "open" }).appendChild(document.createElement("p"));
    expect(languageOf(inner)).toBe("ja");
    host.lang = "es";
    expect(languageOf(inner)).toBe("es");
    inner.lang = "";
    expect(languageOf(inner)).toBe("es");
  });
});

describe("a tag", () => {
  it.each([
    ["de-at", "de-AT"],
    ["", "en"],
    ["not a tag", "en"],
    [`de-x-${"a-".repeat(40)}b`, "en"],
  ])("is one that Intl takes: %j", (tag, valid) => {
    expect(validTag(tag)).toBe(valid);
  });
});
