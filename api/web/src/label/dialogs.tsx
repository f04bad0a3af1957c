import { useState } from "preact/hooks";
import { plural } from "../format.ts";
import { useApp } from "../ui/context.ts";
import { Dialog, ErrorNote } from "../ui/parts.tsx";
import { KEYS } from "./keyboard.ts";
import type { LabelState, LabelStore } from "./store.ts";

const GROUPS = ["Frames", "Animals", "Keypoints", "View and more"] as const;

export function HelpDialog(props: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={props.onClose} wide>
      <div class="key-groups">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl class="keys">
              {KEYS.filter((key) => key.group === group && key.shown !== "").map((key) => (
                <div key={key.shown}>
                  <dt>
                    <kbd>{key.shown}</kbd>
                  </dt>
                  <dd>{key.what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="muted">Dashed boxes are pre-labels that nobody has touched or confirmed yet. Every change is saved by itself.</p>
      <CloseRow />
    </Dialog>
  );
}

/** The browser closes the dialog by itself: `method="dialog"`. */
function CloseRow(props: { label?: string }) {
  return (
    <form method="dialog" class="row">
      <button type="submit">{props.label ?? "Close"}</button>
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
  const objects = reviewed.reduce((sum, row) => sum + row.objects, 0);

  const approve = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      if (!(await props.store.flush())) throw new Error("Some changes are not saved yet. Wait until they are, then approve.");
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
      <Dialog title="Approved" onClose={props.onClose}>
        <p>{plural(approved, "frame")} will train the model. You can close this page.</p>
        <div class="row">
          <a class="button primary" href={`/task/${props.taskId}`}>
            Watch the task
          </a>
          <CloseRow />
        </div>
      </Dialog>
    );
  return (
    <Dialog title="Approve the labels" onClose={props.onClose}>
      {reviewed.length === 0 ? (
        <p>No frame is reviewed yet. Confirm the frames that are right, then approve.</p>
      ) : (
        <p>
          Training starts with <strong>{plural(reviewed.length, "reviewed frame")}</strong> and {plural(objects, "animal")} in {reviewed.length === 1 ? "it" : "them"}, as drawn now. Later edits do not get in.
        </p>
      )}
      {open.length > 0 && reviewed.length > 0 ? (
        <div class="note note-warn">
          <strong>{plural(open.length, "frame")} not reviewed</strong>
          <span>If you approve now, {open.length === 1 ? "it is" : "they are"} left out of training.</span>
          <button
            type="button"
            onClick={() => {
              props.onClose();
              void props.store.goTo(open[0]?.frame ?? 0);
            }}
          >
            Go to frame {open[0]?.frame}
          </button>
        </div>
      ) : null}
      <ErrorNote error={error} />
      <div class="row">
        <button type="button" class="primary" disabled={busy || reviewed.length === 0} onClick={() => void approve()}>
          {open.length === 0 ? `Approve ${plural(reviewed.length, "frame")}` : `Approve ${reviewed.length} of ${frames.length} frames`}
        </button>
        <CloseRow label="Not yet" />
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
      if (!(await props.store.flush())) throw new Error("Some changes are not saved yet. Wait until they are, then send the frame back.");
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
    <Dialog title={`Send frame ${frame ?? ""} back`} onClose={props.onClose}>
      <p class="muted">The frame counts as not reviewed, and whoever opens it sees your comment.</p>
      <label class="field">
        <span class="field-name">Comment</span>
        <textarea rows={3} maxLength={500} value={comment} onInput={(event) => setComment(event.currentTarget.value)} autofocus />
      </label>
      <ErrorNote error={error} />
      <div class="row">
        <button type="button" class="primary" disabled={busy || comment.trim() === ""} onClick={() => void reject()}>
          Send back
        </button>
        <CloseRow label="Cancel" />
      </div>
    </Dialog>
  );
}
