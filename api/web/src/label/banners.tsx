import { t } from "../i18n/index.ts";
import { Rich } from "../i18n/rich.tsx";
import type { Session } from "../api.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";
import type { Commands } from "./commands.ts";
import type { LabelState, LabelStore } from "./store.ts";

/** What a person has to know about this frame right now, above the picture. */
export function Banners(props: { state: LabelState; store: LabelStore; commands: Commands; taskId: string }) {
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
      {labels?.comment !== undefined && labels.comment !== "" ? (
        <div class="note note-comment" role="status">
          <strong>{t("label.banner.comment")}</strong>
          <span>{labels.comment}</span>
        </div>
      ) : null}
    </div>
  );
}

/** Your own other window is somebody else, too. */
function nameOf(by: string | null, session: Session): string {
  if (by === null) return t("label.banner.somebody");
  if (session.authentication === "off") return t("label.banner.otherWindow");
  return by === session.user_id ? t("label.banner.yourOtherWindow") : by;
}

/** Which keypoint comes next, over the picture. */
export function ToolHint(props: { state: LabelState }) {
  const { tool, task } = props.state;
  if (tool.kind === "select" || task === null) return null;
  return (
    <div class="tool-hint" role="status">
      <span>
        <Rich text={tool.kind === "draw" ? t("label.hint.draw") : t(tool.only ? "label.hint.placeOne" : "label.hint.place", { keypoint: task.keypoints[tool.keypoint] ?? "", number: tool.keypoint + 1, total: task.keypoints.length })} />
      </span>
    </div>
  );
}
