import { t } from "../i18n/index.ts";
import { Rich } from "../i18n/rich.tsx";
import type { Person } from "../api.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";
import type { Commands } from "./commands.ts";
import { nameOf } from "./people.tsx";
import type { LabelState, LabelStore } from "./store.ts";

/** What a person has to know about this frame right now, above the picture. */
export function Banners(props: { state: LabelState; store: LabelStore; commands: Commands; taskId: string; people: readonly Person[] }) {
  const { state, store, commands } = props;
  const { session } = useApp();
  const labels = store.current();
  return (
    <div class="banners">
      <ErrorNote error={state.error}>
        <button type="button" onClick={() => void (state.task === null ? store.open(null) : store.goTo(state.frame ?? 0))}>
          {t("tryAgain")}
        </button>
      </ErrorNote>
      {state.task !== null && !state.task.waiting ? (
        <div class="note" role="status">
          <strong>{t("label.banner.notWaiting")}</strong>
          <span>
            {t("label.banner.notWaitingText")} <a href={`/task/${props.taskId}`}>{t("label.banner.notWaitingLink")}</a>
          </span>
        </div>
      ) : null}
      {state.save.message !== null ? (
        <div class="note note-bad" role="alert">
          <strong>{t("label.banner.unsaved")}</strong>
          <span>{t("label.banner.unsavedText", { message: state.save.message })}</span>
        </div>
      ) : null}
      {state.conflict !== null ? (
        <div class="note note-bad" role="alert">
          <strong>{t("label.banner.conflict", { by: nameOf(state.conflict.by, session), frame: state.conflict.frame })}</strong>
          <span>{t("label.banner.conflictText")}</span>
          <span class="row">
            <button type="button" onClick={commands.keepTheirs}>
              {t("label.banner.keepTheirs")}
            </button>
            <button type="button" onClick={() => void commands.putMineBack()}>
              {t("label.banner.putMineBack")}
            </button>
          </span>
        </div>
      ) : null}
      {props.people.filter((person) => person.frame === state.frame && state.frame !== null).map((person) => (
        <div key={person.client} class="note note-person" role="status">
          <span>{t("label.people.same", { by: nameOf(person.user_id, session) })}</span>
        </div>
      ))}
      {labels?.comment !== undefined && labels.comment !== "" ? (
        <div class="note note-comment" role="status">
          <strong>{t("label.banner.comment")}</strong>
          <span>{labels.comment}</span>
        </div>
      ) : null}
    </div>
  );
}

/** Which keypoint comes next, over the picture; else what the last command has to say. */
export function ToolHint(props: { state: LabelState; store: LabelStore; commands: Commands }) {
  const { store, commands } = props;
  const { tool, task, notice, occluding } = props.state;
  if (task === null || (tool.kind === "select" && notice === null)) return null;
  if (tool.kind === "select" || notice !== null)
    return (
      <div class="tool-hint" role="status">
        <span>{notice === null ? "" : notice.what === "filled" ? t("label.notice.filled", { count: notice.frames }) : t(`label.notice.${notice.what}`)}</span>
      </div>
    );
  return (
    <div class="tool-hint" role="status">
      <span class="hint-keys">
        <Rich text={tool.kind === "draw" ? t("label.hint.draw") : t(tool.only ? "label.hint.placeOne" : "label.hint.place", { keypoint: task.keypoints[tool.keypoint] ?? "", number: tool.keypoint + 1, total: task.keypoints.length })} />
      </span>
      <span class="hint-touch">
        {tool.kind === "draw" ? <span>{t("label.hint.drawTouch")}</span> : <strong>{task.keypoints[tool.keypoint]}</strong>}
        {tool.kind === "place" ? (
          <>
            <button type="button" aria-pressed={occluding} onClick={() => store.set({ occluding: !occluding })}>
              {t("label.hint.occluded")}
            </button>
            <button type="button" onClick={commands.skipKeypoint}>
              {t("label.hint.skip")}
            </button>
            <button type="button" onClick={() => commands.layRest()}>
              {t("label.animal.layRest")}
            </button>
          </>
        ) : null}
        <button type="button" onClick={commands.escape}>
          {t("label.hint.end")}
        </button>
      </span>
    </div>
  );
}
