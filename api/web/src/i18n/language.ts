import { chosen, LANGUAGES, type Language } from "./index.ts";

const SAVED_AS = "actverse-language";

const isLanguage = (name: string | null): name is Language => name !== null && Object.hasOwn(LANGUAGES, name);

/** What the person chose before, else the first of the browser's languages that the pages speak, else English. */
export function languageFor(saved: string | null, wanted: readonly string[]): Language {
  if (isLanguage(saved)) return saved;
  return wanted.map((name) => name.split("-")[0] ?? "").find(isLanguage) ?? "en";
}

/** For dates: the browser's own kind of the chosen language (en-GB), where it has one. */
export function locale(): string {
  const language = chosen.state();
  return navigator.languages.find((name) => name.split("-")[0] === language) ?? language;
}

/** Once, before the first page is drawn. */
export function startLanguage(): void {
  const follow = (): void => {
    document.documentElement.lang = chosen.state();
  };
  chosen.subscribe(follow);
  chosen.set(languageFor(stored(), navigator.languages));
  follow();
}

/** Changes what the page says at once, and is kept for the next visit. */
export function chooseLanguage(name: string): void {
  if (!isLanguage(name)) return;
  chosen.set(name);
  try {
    localStorage.setItem(SAVED_AS, name);
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(SAVED_AS);
  } catch {
    return null;
  }
}
