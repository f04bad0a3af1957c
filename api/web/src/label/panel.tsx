import type { LabeledObject } from "../../../../domain/labels.ts";
import type { LabelingTask } from "../api.ts";
import { t } from "../i18n/index.ts";
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
        <button type="button" disabled={!task.waiting || position <= 0} onClick={() => void commands.copyFromPrevious()} title={t("label.panel.copyPreviousHint")}>
          {t("label.panel.copyPrevious")} <kbd>C</kbd>
        </button>
      </div>
      <ul class="animals" aria-label={t("label.panel.animals")}>
        {labels === null ? <li class="muted">{t("loading")}</li> : null}
        {labels?.objects.length === 0 ? <li class="muted none">{t("label.panel.none")}</li> : null}
        {labels?.objects.map((object, index) => (
          <Animal key={object.id} object={object} index={index} task={task} state={state} commands={commands} />
        ))}
      </ul>
      {task.num_animals !== null && labels !== null && labels.objects.length > 0 && labels.objects.length !== task.num_animals ? (
        <p class="muted count-note">{t("label.panel.drawnOfExpected", { drawn: labels.objects.length, expected: task.num_animals })}</p>
      ) : null}
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
          {t("label.panel.sendBack")}
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
          <span class="muted animal-source">{object.confirmed ? "" : t(object.source === "person" ? "label.animal.copied" : "label.animal.prelabel")}</span>
        </button>
        {object.keypoints.length > 0 ? (
          <span class={placed === 0 ? "muted count none-placed" : "muted count"} title={t("label.animal.keypointsPlaced")}>
            {placed}/{object.keypoints.length}
          </span>
        ) : null}
        <button type="button" class="icon quiet" disabled={!task.waiting} onClick={() => commands.remove(object.id)} aria-label={t("label.animal.remove", { number: index + 1 })} title={t("label.animal.removeKey")}>
          ×
        </button>
      </div>
      {selected ? (
        <div class="animal-body">
          {task.classes.length > 1 ? (
            <label class="field-row">
              <span>{t("label.animal.class")}</span>
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
              {t("label.animal.placeKeypoints")} <kbd>K</kbd>
            </button>
          ) : null}
          <ul class="keypoints" aria-label={t("label.animal.keypoints")}>
            {object.keypoints.map((keypoint, at) => {
              const visibility = VISIBILITY[keypoint[2] as 0 | 1 | 2] ?? "absent";
              const next = state.tool.kind === "place" && state.tool.keypoint === at;
              return (
                <li key={at} class={next || (state.keypoint === at && state.tool.kind === "select") ? "keypoint keypoint-active" : "keypoint"}>
                  <button type="button" class="keypoint-name" disabled={!task.waiting} onClick={() => (visibility === "absent" ? commands.startPlacing(object.id, at) : commands.select(object.id, at))}>
                    {task.keypoints[at] ?? at}
                  </button>
                  <button type="button" class={`visibility visibility-${visibility}`} disabled={!task.waiting} onClick={() => commands.turnVisibility(object.id, at)} aria-label={t("label.animal.keypointIs", { keypoint: task.keypoints[at] ?? at, visibility: t(`label.animal.visibility.${visibility}`) })} title={t("label.animal.turnVisibilityKey")}>
                    {next ? t("label.animal.clickIt") : t(`label.animal.visibility.${visibility}`)}
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
