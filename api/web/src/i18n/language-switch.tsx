import { t, chosen, LANGUAGES } from "./index.ts";
import { chooseLanguage } from "./language.ts";

/** Changes the language of the page where it stands: nothing is loaded again, nothing typed is lost. */
export function LanguageSwitch() {
  return (
    <select
      class="language"
      aria-label={t("language")}
      title={t("language")}
      value={chosen.state()}
      onChange={(event) => {
        chooseLanguage(event.currentTarget.value);
        // The keys act on the page again.
        event.currentTarget.blur();
      }}
    >
      {Object.entries(LANGUAGES).map(([code, name]) => (
        <option key={code} value={code} lang={code}>
          {name}
        </option>
      ))}
    </select>
  );
}
