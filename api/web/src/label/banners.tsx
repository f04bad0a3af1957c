import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";
import type { Commands } from "./commands.ts";
import type { LabelState, LabelStore } from "./store.ts";

/** What a person has to know about this frame right now, above the picture. */
export function Banners(props: { state: LabelState; store: LabelStore; commands: Commands; taskId: string }) {
  const { state, store, commands } = props;
  const labels = store.current();
  return (
    <div class="banners">
      <ErrorNote error={state.error}>
        <button type="button" onClick={() => void (state.task === null ? store.open(null) : store.goTo(state.frame ?? 0))}>
          Try again
        </button>
      </ErrorNote>
      {state.task !== null && !state.task.waiting ? (
        <div class="note" role="status">
          <strong>This task is not waiting for labels now.</strong>
          <span>
            You can look, but nothing can be changed. <a href={`/task/${props.taskId}`}>See how the task goes on</a>
          </span>
        </div>
      ) : null}
      {state.save.message !== null ? (
        <div class="note note-bad" role="alert">
          <strong>Your last changes are not saved yet.</strong>
          <span>{state.save.message} They are kept on this page and sent again by themselves; please leave it open.</span>
        </div>
      ) : null}
      {state.conflict !== null ? (
        <div class="note note-bad" role="alert">
          <strong>
            {state.conflict.by === null ? "Somebody else" : <Name by={state.conflict.by} />} changed frame {state.conflict.frame} meanwhile.
          </strong>
          <span>Their labels are shown; your last change is not saved.</span>
          <span class="row">
            <button type="button" onClick={commands.keepTheirs}>
              Keep theirs
            </button>
            <button type="button" onClick={() => void commands.putMineBack()}>
              Put mine back
            </button>
          </span>
        </div>
      ) : null}
      {labels?.comment !== undefined && labels.comment !== "" ? (
        <div class="note note-comment" role="status">
          <strong>Reviewer's comment</strong>
          <span>{labels.comment}</span>
        </div>
      ) : null}
    </div>
  );
}

/** Your own other window is somebody else, too. */
function Name(props: { by: string }) {
  const { session } = useApp();
  return <>{session.authentication === "keys" && props.by === session.user_id ? "You (in another window)" : session.authentication === "off" ? "Another window" : props.by}</>;
}

/** Which keypoint comes next, over the picture. */
export function ToolHint(props: { state: LabelState }) {
  const { tool, task } = props.state;
  if (tool.kind === "select" || task === null) return null;
  return (
    <div class="tool-hint" role="status">
      {tool.kind === "draw" ? (
        <span>
          <strong>Drag a box</strong> around the animal · <kbd>Esc</kbd> ends
        </span>
      ) : (
        <span>
          Click: <strong>{task.keypoints[tool.keypoint]}</strong> {tool.only ? "" : `(${tool.keypoint + 1} of ${task.keypoints.length})`} · <kbd>Shift</kbd>-click: occluded · <kbd>S</kbd> skips · <kbd>Esc</kbd> ends
        </span>
      )}
    </div>
  );
}
