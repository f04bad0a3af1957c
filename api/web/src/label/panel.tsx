import { t } from "../i18n/index.ts";
import { useWatched } from "../ui/hooks.ts";
import { AnimalRow } from "./animal-row.tsx";
import type { Commands } from "./commands.ts";
import { tracksOf } from "./identities.ts";
import { Light } from "./light.tsx";
import type { LabelPreferences } from "./preferences.ts";
import type { LabelState, LabelStore } from "./store.ts";

/** Beside the picture: the frame, its animals as a list, and what to do next. */
export function Panel(props: { state: LabelState; store: LabelStore; commands: Commands; preferences: LabelPreferences; onReject: () => void; onApprove: () => void }) {
  const { state, store, commands, preferences } = props;
  const { carry } = useWatched(preferences);
  const labels = store.current();
  const { task } = state;
  if (task === null) return <aside class="panel" />;
  const position = store.position();
  const reviewed = labels?.status === "reviewed";
  const tracks = tracksOf(labels?.objects ?? [], task.num_animals);
  const left = task.frames.filter((row) => row.status !== "reviewed").length;
  return (
    <aside class="panel" aria-label={t("label.panel.title")}>
      <div class="panel-head">
        <button type="button" class="icon" disabled={position <= 0} onClick={() => void commands.previous()} aria-label={t("label.panel.previous")} title={t("label.panel.previousKey")}>
          ‹
        </button>
        <div class="panel-frame">
          <strong>{t("label.panel.frame", { frame: state.frame ?? "" })}</strong>
          <span class="muted">
            {t("label.panel.position", { number: position + 1, total: task.frames.length })}
            {labels === null ? "" : ` · ${t("label.panel.time", { seconds: labels.time.toFixed(2) })}`}
          </span>
        </div>
        <button type="button" class="icon" disabled={position >= task.frames.length - 1} onClick={() => void commands.next()} aria-label={t("label.panel.next")} title={t("label.panel.nextKey")}>
          ›
        </button>
      </div>
      <div class="panel-tools">
        <button type="button" disabled={!task.waiting} aria-pressed={state.tool.kind === "draw"} onClick={commands.draw}>
          {t("label.panel.newBox")} <kbd>B</kbd>
        </button>
        <button type="button" disabled={!task.waiting || position <= 0} onClick={() => void commands.carryOver()} title={t("label.panel.carryOverHint")}>
          {t("label.panel.carryOver")} <kbd>C</kbd>
        </button>
      </div>
      <div class="panel-tools">
        <button type="button" disabled={!task.waiting || labels === null || labels.objects.every((object) => object.track !== undefined)} onClick={commands.numberAll} title={t("label.panel.numberAllHint")}>
          {t("label.panel.numberAll")} <kbd>N</kbd>
        </button>
        <button type="button" aria-pressed={state.hidden} onClick={() => store.set({ hidden: !state.hidden })} title={t("label.keys.hide")}>
          {t(state.hidden ? "label.panel.showLabels" : "label.panel.hideLabels")} <kbd>⇧H</kbd>
        </button>
      </div>
      <ul class="animals" aria-label={t("label.panel.animals")}>
        {labels === null ? <li class="muted">{t("loading")}</li> : null}
        {labels?.objects.length === 0 ? <li class="muted none">{t("label.panel.none")}</li> : null}
        {labels?.objects.map((object, index) => (
          <AnimalRow key={object.id} object={object} index={index} tracks={tracks} task={task} state={state} commands={commands} />
        ))}
      </ul>
      {task.num_animals !== null && labels !== null && labels.objects.length > 0 && labels.objects.length !== task.num_animals ? (
        <p class="muted count-note">{t("label.panel.drawnOfExpected", { drawn: labels.objects.length, expected: task.num_animals })}</p>
      ) : null}
      <div class="panel-options">
        <label class="check">
          <input type="checkbox" checked={carry} onChange={(event) => (preferences.set({ carry: event.currentTarget.checked }), event.currentTarget.blur())} />
          {t("label.panel.carryAlways")}
        </label>
        <Light preferences={preferences} />
      </div>
      <div class="panel-foot">
        {reviewed ? (
          <p class="reviewed-note">
            ✓ {t("label.panel.reviewed")}
            <button type="button" class="quiet" disabled={!task.waiting} onClick={commands.reopen}>
              {t("label.panel.reopen")} <kbd>U</kbd>
            </button>
          </p>
        ) : null}
        {left === 0 ? (
          <button type="button" class="primary big" disabled={!task.waiting} onClick={props.onApprove}>
            {t("label.panel.allReviewed")}
          </button>
        ) : (
          <button type="button" class="primary big" disabled={!task.waiting || labels === null} onClick={() => void commands.confirmAndNext()}>
            {t(reviewed ? "label.panel.nextOpen" : "label.panel.confirmAndNext")} <kbd>Enter</kbd>
          </button>
        )}
        <button type="button" class="quiet" disabled={!task.waiting} onClick={props.onReject}>
          {t("label.panel.sendBack")} <kbd>M</kbd>
        </button>
      </div>
    </aside>
  );
}
