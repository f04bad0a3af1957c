import { t } from "../i18n/index.ts";
import { useWatched } from "../ui/hooks.ts";
import { LIGHT, type LabelPreferences } from "./preferences.ts";

/** Brightness and contrast of the picture, for dark arenas. The stored frames stay as they are. */
export function Light(props: { preferences: LabelPreferences }) {
  const { preferences } = props;
  const state = useWatched(preferences);
  return (
    <details class="light">
      <summary>
        {t("label.light.title")}
        {state.brightness === 1 && state.contrast === 1 ? "" : ` ${state.brightness} / ${state.contrast}`}
      </summary>
      {(["brightness", "contrast"] as const).map((what) => (
        <label key={what} class="field-row">
          <span>{t(`label.light.${what}`)}</span>
          <input type="range" min={LIGHT.least} max={LIGHT.most} step={LIGHT.step} value={state[what]} onInput={(event) => preferences.set({ [what]: Number(event.currentTarget.value) })} onChange={(event) => event.currentTarget.blur()} />
        </label>
      ))}
      <button type="button" class="quiet" onClick={preferences.resetLight}>
        {t("label.light.reset")} <kbd>\</kbd>
      </button>
    </details>
  );
}
