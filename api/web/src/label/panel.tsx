import type { LabeledObject } from "../../../../domain/labels.ts";
import type { LabelingTask } from "../api.ts";
import { colourOf } from "./animal-node.ts";
import type { Commands } from "./commands.ts";
import { keypointsPlaced } from "./objects.ts";
import type { LabelState, LabelStore } from "./store.ts";

const VISIBILITY = ["absent", "occluded", "visible"] as const;

/** Beside the picture: the frame, its animals as a list, and what to do next. */
export function Panel(props: { state: LabelState; store: LabelStore; commands: Commands; onReject: () => void; onApprove: () => void }) {
  const { state, store, commands } = props;
  const labels = store.current();
  const { task } = state;
  if (task === null) return <aside class="panel" />;
  const position = store.position();
  const reviewed = labels?.status === "reviewed";
  const left = task.frames.filter((row) => row.status !== "reviewed").length;
  return (
    <aside class="panel" aria-label="Frame and animals">
      <div class="panel-head">
        <button type="button" class="icon" disabled={position <= 0} onClick={() => void commands.previous()} aria-label="Previous frame" title="Previous frame (←)">
          ‹
        </button>
        <div class="panel-frame">
          <strong>Frame {state.frame}</strong>
          <span class="muted">
            {position + 1} of {task.frames.length}
            {labels === null ? "" : ` · ${labels.time.toFixed(2)} s`}
          </span>
        </div>
        <button type="button" class="icon" disabled={position >= task.frames.length - 1} onClick={() => void commands.next()} aria-label="Next frame" title="Next frame (→)">
          ›
        </button>
      </div>
      <div class="panel-tools">
        <button type="button" disabled={!task.waiting} aria-pressed={state.tool.kind === "draw"} onClick={commands.draw}>
          New box <kbd>B</kbd>
        </button>
        <button type="button" disabled={!task.waiting || position <= 0} onClick={() => void commands.copyFromPrevious()} title="Takes the animals of the frame before">
          Copy previous <kbd>C</kbd>
        </button>
      </div>
      <ul class="animals" aria-label="Animals in this frame">
        {labels === null ? <li class="muted">Loading…</li> : null}
        {labels?.objects.length === 0 ? <li class="muted none">No animals here. Drag a box on the picture, or confirm an empty frame.</li> : null}
        {labels?.objects.map((object, index) => (
          <Animal key={object.id} object={object} index={index} task={task} state={state} commands={commands} />
        ))}
      </ul>
      {task.num_animals !== null && labels !== null && labels.objects.length > 0 && labels.objects.length !== task.num_animals ? (
        <p class="muted count-note">
          {labels.objects.length} drawn; {task.num_animals} expected.
        </p>
      ) : null}
      <div class="panel-foot">
        {reviewed ? (
          <p class="reviewed-note">
            ✓ Reviewed
            <button type="button" class="quiet" disabled={!task.waiting} onClick={commands.reopen}>
              Open again <kbd>U</kbd>
            </button>
          </p>
        ) : null}
        {left === 0 ? (
          <button type="button" class="primary big" disabled={!task.waiting} onClick={props.onApprove}>
            All reviewed: approve…
          </button>
        ) : (
          <button type="button" class="primary big" disabled={!task.waiting || labels === null} onClick={() => void commands.confirmAndNext()}>
            {reviewed ? "Next open frame" : "Confirm and next"} <kbd>Enter</kbd>
          </button>
        )}
        <button type="button" class="quiet" disabled={!task.waiting} onClick={props.onReject}>
          Send back with a comment…
        </button>
      </div>
    </aside>
  );
}

function Animal(props: { object: LabeledObject; index: number; task: LabelingTask; state: LabelState; commands: Commands }) {
  const { object, index, task, state, commands } = props;
  const selected = state.selected === object.id;
  const placed = keypointsPlaced(object);
  return (
    <li class={selected ? "animal animal-selected" : "animal"}>
      <div class="animal-head">
        <button type="button" class="animal-name" aria-pressed={selected} onClick={() => commands.select(selected ? null : object.id)}>
          <span class="chip" style={{ background: colourOf(object, index, task.classes) }} />
          {index + 1} {object.class}
          <span class="muted animal-source">{object.confirmed ? "" : object.source === "person" ? "copied" : "pre-label"}</span>
        </button>
        {object.keypoints.length > 0 ? (
          <span class={placed === 0 ? "muted count none-placed" : "muted count"} title="Keypoints placed">
            {placed}/{object.keypoints.length}
          </span>
        ) : null}
        <button type="button" class="icon quiet" disabled={!task.waiting} onClick={() => commands.remove(object.id)} aria-label={`Delete animal ${index + 1}`} title="Delete (X)">
          ×
        </button>
      </div>
      {selected ? (
        <div class="animal-body">
          {task.classes.length > 1 ? (
            <label class="field-row">
              <span>Class</span>
              <select
                value={object.class}
                disabled={!task.waiting}
                onChange={(event) => {
                  commands.setClass(object.id, event.currentTarget.value);
                  event.currentTarget.blur();
                }}
              >
                {task.classes.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          ) : null}
          {object.keypoints.length > 0 ? (
            <button type="button" class={placed === 0 ? "primary" : ""} disabled={!task.waiting} onClick={() => commands.startPlacing(object.id, null)}>
              Place keypoints <kbd>K</kbd>
            </button>
          ) : null}
          <ul class="keypoints" aria-label="Keypoints">
            {object.keypoints.map((keypoint, at) => {
              const visibility = VISIBILITY[keypoint[2] as 0 | 1 | 2] ?? "absent";
              const next = state.tool.kind === "place" && state.tool.keypoint === at;
              return (
                <li key={at} class={next || (state.keypoint === at && state.tool.kind === "select") ? "keypoint keypoint-active" : "keypoint"}>
                  <button type="button" class="keypoint-name" disabled={!task.waiting} onClick={() => (visibility === "absent" ? commands.startPlacing(object.id, at) : commands.select(object.id, at))}>
                    {task.keypoints[at] ?? at}
                  </button>
                  <button type="button" class={`visibility visibility-${visibility}`} disabled={!task.waiting} onClick={() => commands.turnVisibility(object.id, at)} aria-label={`${task.keypoints[at] ?? at}: ${visibility}`} title="Visible, occluded, absent (V)">
                    {next ? "click it" : visibility}
                  </button>
                </li>
              );
            })}
          </ul>
        </div>
      ) : null}
    </li>
  );
}
