import type { LabeledObject } from "../../../../domain/labels.ts";
import type { LabelingTask } from "../api.ts";
import { t } from "../i18n/index.ts";
import { colourOf } from "./animal-node.ts";
import type { Commands } from "./commands.ts";
import { keypointsPlaced, titleOf } from "./objects.ts";
import type { LabelState } from "./store.ts";

const VISIBILITY = ["absent", "occluded", "visible"] as const;

interface Of {
  object: LabeledObject;
  task: LabelingTask;
  state: LabelState;
  commands: Commands;
}

/** One animal in the list; its details where it is selected. */
export function AnimalRow(props: Of & { index: number; tracks: readonly string[] }) {
  const { object, index, task, state, commands } = props;
  const selected = state.selected === object.id;
  const placed = keypointsPlaced(object);
  return (
    <li class={selected ? "animal animal-selected" : "animal"}>
      <div class="animal-head">
        <button type="button" class="animal-name" aria-pressed={selected} onClick={() => commands.select(selected ? null : object.id)}>
          <span class="chip" style={{ background: colourOf(object, index, task.classes) }} />
          {titleOf(object, index)}
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
      {selected ? <Details {...props} placed={placed} /> : null}
    </li>
  );
}

function Details(props: Of & { placed: number; tracks: readonly string[] }) {
  const { object, task, commands, placed } = props;
  const closed = !task.waiting;
  return (
    <div class="animal-body">
      {task.classes.length > 1 ? <Choice name={t("label.animal.class")} value={object.class} options={task.classes} disabled={closed} onChoose={(name) => commands.setClass(object.id, name)} /> : null}
      <Choice name={t("label.animal.identity")} value={object.track ?? ""} options={["", ...props.tracks]} disabled={closed} onChoose={(track) => commands.setTrack(object.id, track === "" ? (object.track ?? "") : track)} />
      <div class="animal-tools">
        <button type="button" disabled={closed} onClick={commands.redraw} title={t("label.animal.redrawHint")}>
          {t("label.animal.redraw")} <kbd>R</kbd>
        </button>
        <button type="button" disabled={closed} onClick={() => void commands.fillBetween()} title={t("label.animal.fillHint")}>
          {t("label.animal.fill")} <kbd>I</kbd>
        </button>
        {object.keypoints.length > 0 ? (
          <>
            <button type="button" class={placed === 0 ? "primary" : ""} disabled={closed} onClick={() => commands.startPlacing(object.id, null)}>
              {t("label.animal.placeKeypoints")} <kbd>K</kbd>
            </button>
            <button type="button" disabled={closed || placed === object.keypoints.length} onClick={() => commands.layRest()} title={t("label.animal.layRestHint")}>
              {t("label.animal.layRest")} <kbd>G</kbd>
            </button>
          </>
        ) : null}
      </div>
      <Keypoints {...props} />
    </div>
  );
}

function Choice(props: { name: string; value: string; options: readonly string[]; disabled: boolean; onChoose: (value: string) => void }) {
  return (
    <label class="field-row">
      <span>{props.name}</span>
      <select
        value={props.value}
        disabled={props.disabled}
        onChange={(event) => {
          props.onChoose(event.currentTarget.value);
          event.currentTarget.blur();
        }}
      >
        {props.options.map((option) => (
          <option key={option} value={option}>
            {option === "" ? "–" : option}
          </option>
        ))}
      </select>
    </label>
  );
}

function Keypoints(props: Of) {
  const { object, task, state, commands } = props;
  return (
    <ul class="keypoints" aria-label={t("label.animal.keypoints")}>
      {object.keypoints.map((keypoint, at) => {
        const visibility = VISIBILITY[keypoint[2] as 0 | 1 | 2] ?? "absent";
        const next = state.tool.kind === "place" && state.tool.keypoint === at;
        const name = task.keypoints[at] ?? at;
        return (
          <li key={at} class={next || (state.keypoint === at && state.tool.kind === "select") ? "keypoint keypoint-active" : "keypoint"}>
            <button type="button" class="keypoint-name" disabled={!task.waiting} onClick={() => (visibility === "absent" ? commands.startPlacing(object.id, at) : commands.select(object.id, at))}>
              {name}
            </button>
            <button type="button" class={`visibility visibility-${visibility}`} disabled={!task.waiting} onClick={() => commands.turnVisibility(object.id, at)} aria-label={t("label.animal.keypointIs", { keypoint: name, visibility: t(`label.animal.visibility.${visibility}`) })} title={t("label.animal.turnVisibilityKey")}>
              {next ? t("label.animal.clickIt") : t(`label.animal.visibility.${visibility}`)}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
