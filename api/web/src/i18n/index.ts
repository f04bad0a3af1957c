import { createInstance, type ParseKeys } from "i18next";
import { en } from "./en/index.ts";
import { ko } from "./ko/index.ts";
import type { TextAt, ValuesOf } from "./translation.ts";

/** The languages of the pages, in their own words. */
export const LANGUAGES = { en: "English", ko: "한국어" } as const;
export type Language = keyof typeof LANGUAGES;

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const texts = createInstance();
void texts.init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: { translation: en }, ko: { translation: ko } },
  // At once: nothing has to be fetched.
  initAsync: false,
  // Preact writes text as text.
  interpolation: { escapeValue: false },
});

export type TextKey = ParseKeys;

/** A text in the language that is chosen now; a value that it needs and does not get is a type error. With `count`, the form for one or for many. */
export const t = texts.t as <Key extends TextKey>(key: Key, ...values: ValuesOf<TextAt<typeof en, Key>>) => string;

/** The language that is chosen now; for `useWatched`. */
export const chosen = {
  state: (): Language => texts.language as Language,
  subscribe(listener: () => void): () => void {
    texts.on("languageChanged", listener);
    return () => texts.off("languageChanged", listener);
  },
  set(language: Language): void {
    void texts.changeLanguage(language);
  },
};
