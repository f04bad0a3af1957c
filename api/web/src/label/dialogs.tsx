import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Rich } from "../i18n/rich.tsx";
import { useApp } from "../ui/context.ts";
import { Dialog, ErrorNote } from "../ui/parts.tsx";
import { KEYS } from "./keyboard.ts";
import type { LabelState, LabelStore } from "./store.ts";

const GROUPS = ["frames", "animals", "keypoints", "view"] as const;

const inWords = (shown: string): string => shown.replaceAll(/\{(or|wheel|drag)\}/g, (_all, word: "or" | "wheel" | "drag") => t(`label.help.${word}`));

export function HelpDialog(props: { onClose: () => void }) {
  return (
    <Dialog title={t("label.help.title")} onClose={props.onClose} wide>
      <div class="key-groups">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{t(`label.keyGroups.${group}`)}</h3>
            <dl class="keys">
              {KEYS.filter((key) => key.group === group && key.shown !== "").map((key) => (
                <div key={key.shown}>
                  <dt>
                    <kbd>{inWords(key.shown)}</kbd>
                  </dt>
                  <dd>{key.what === null ? "" : t(`label.keys.${key.what}`)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="muted">{t("label.help.note")}</p>
      <CloseRow />
    </Dialog>
  );
}

/** The browser closes the dialog by itself: `method="dialog"`. */
function CloseRow(props: { label?: string }) {
  return (
    <form method="dialog" class="row">
      <button type="submit">{props.label ?? t("close")}</button>
    </form>
  );
}

/** Approval is for good: it says what will train, and what will not. */
export function ApproveDialog(props: { taskId: string; state: LabelState; store: LabelStore; onClose: () => void }) {
  const { api } = useApp();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [approved, setApproved] = useState<number | null>(null);
  const frames = props.state.task?.frames ?? [];
  const reviewed = frames.filter((row) => row.status === "reviewed");
  const open = frames.filter((row) => row.status !== "reviewed");
  const { session } = useApp();
  // Without keys everybody is one user, and the rule cannot tell people apart.
  const own = props.state.task?.reviewer_not_labeler === true ? reviewed.filter((row) => row.updated_by === session.user_id).length : 0;
  const objects = reviewed.reduce((sum, row) => sum + row.objects, 0);

  const approve = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      if (!(await props.store.flush())) throw new Error(t("label.approval.unsaved"));
      const done = await api.approve(props.taskId, open.length > 0);
      setApproved(done.frames);
      await props.store.refresh();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  if (approved !== null)
    return (
      <Dialog title={t("label.approval.done")} onClose={props.onClose}>
        <p>{t("label.approval.doneText", { count: approved })}</p>
        <div class="row">
          <a class="button primary" href={`/task/${props.taskId}`}>
            {t("label.approval.watch")}
          </a>
          <CloseRow />
        </div>
      </Dialog>
    );
  return (
    <Dialog title={t("label.approval.title")} onClose={props.onClose}>
      {reviewed.length === 0 ? (
        <p>{t("label.approval.none")}</p>
      ) : (
        <p>
          <Rich text={t("label.approval.starts", { count: reviewed.length, frames: t("label.approval.frames", { count: reviewed.length }), animals: t("label.approval.animals", { count: objects }) })} />
        </p>
      )}
      {open.length > 0 && reviewed.length > 0 ? (
        <div class="note note-warn">
          <strong>{t("label.approval.open", { count: open.length })}</strong>
          <span>{t("label.approval.leftOut", { count: open.length })}</span>
          <button
            type="button"
            onClick={() => {
              props.onClose();
              void props.store.goTo(open[0]?.frame ?? 0);
            }}
          >
            {t("label.approval.goTo", { frame: open[0]?.frame ?? 0 })}
          </button>
        </div>
      ) : null}
      {own > 0 ? <div class="note note-warn">{t("label.approval.notYours", { count: own })}</div> : null}
      <ErrorNote error={error} />
      <div class="row">
        <button type="button" class="primary" disabled={busy || own > 0 || reviewed.length === 0} onClick={() => void approve()}>
          {open.length === 0 ? t("label.approval.all", { count: reviewed.length }) : t("label.approval.some", { reviewed: reviewed.length, total: frames.length })}
        </button>
        <CloseRow label={t("label.approval.notYet")} />
      </div>
    </Dialog>
  );
}

/** Back to the labelers, with the reason. */
export function RejectDialog(props: { taskId: string; state: LabelState; store: LabelStore; onClose: () => void }) {
  const { api } = useApp();
  const [comment, setComment] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { frame } = props.state;
  const reject = async (): Promise<void> => {
    if (frame === null) return;
    setBusy(true);
    setError(null);
    try {
      if (!(await props.store.flush())) throw new Error(t("label.rejection.unsaved"));
      await api.reject(props.taskId, [{ frame, comment: comment.trim() }]);
      await props.store.refresh();
      props.onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("label.rejection.title", { frame: frame ?? "" })} onClose={props.onClose}>
      <p class="muted">{t("label.rejection.note")}</p>
      <label class="field">
        <span class="field-name">{t("label.rejection.comment")}</span>
        <textarea rows={3} maxLength={500} value={comment} onInput={(event) => setComment(event.currentTarget.value)} autofocus />
      </label>
      <ErrorNote error={error} />
      <div class="row">
        <button type="button" class="primary" disabled={busy || comment.trim() === ""} onClick={() => void reject()}>
          {t("label.rejection.submit")}
        </button>
        <CloseRow label={t("cancel")} />
      </div>
    </Dialog>
  );
}
