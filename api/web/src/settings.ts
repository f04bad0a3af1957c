import { OUTPUTS } from "../../../domain/outputs.ts";
import type { StepName, TaskBody, TrainingSettings } from "../../../domain/task.ts";
import { t, type TextKey } from "./i18n/index.ts";

/** The settings that people can change on the pages: one table for the submit form and for the retry forms. */

/** A text of the settings that needs no values. */
type SettingText = Exclude<Extract<TextKey, `pages.settings.${string}`>, "pages.settings.notAPair">;

export interface Field {
  /** Dotted path in the body of `POST /tasks/`. */
  path: string;
  label: SettingText;
  kind: "text" | "integer" | "number" | "list" | "choice" | "check" | "switches" | "lines" | "path-list";
  hint?: SettingText;
  /** Two of them share a line of the submit form. */
  half?: boolean;
  /** Shown while nothing is given; an example is typed as it stands, whatever the language: names that pair in a mirror image are English. */
  placeholder?: SettingText;
  example?: string;
  min?: number;
  max?: number;
  step?: number;
  choices?: readonly string[];
  /** Of switches: what each is called. */
  names?: readonly SettingText[];
}

/** What the inputs hold, as text, by path. An empty text is "not given". */
export type FieldValues = Record<string, string>;

export const MAIN_FIELDS: readonly Field[] = [
  { path: "file_path", label: "pages.settings.video", kind: "text", placeholder: "pages.settings.videoExample", hint: "pages.settings.videoHint" },
  { path: "user_id", label: "pages.settings.user", kind: "text", half: true },
  { path: "project", label: "pages.settings.project", kind: "text", example: "default", half: true },
  { path: "classes", label: "pages.settings.classes", kind: "list", example: "animal", hint: "pages.settings.commas" },
  { path: "keypoints", label: "pages.settings.keypoints", kind: "list", example: "nose, left ear, right ear, tail base", hint: "pages.settings.keypointsHint" },
  { path: "num_animals", label: "pages.settings.animals", kind: "integer", min: 1, max: 1000, placeholder: "pages.settings.unknown", half: true, hint: "pages.settings.animalsHint" },
  { path: "num_frames", label: "pages.settings.frames", kind: "integer", min: 1, max: 5000, example: "60", half: true },
];

const INFERENCE_FIELDS: readonly Field[] = [
  { path: "inference.confidence", label: "pages.settings.confidence", kind: "number", min: 0.01, max: 0.99, step: 0.01, example: "0.25" },
  { path: "inference.iou", label: "pages.settings.iou", kind: "number", min: 0.01, max: 1, step: 0.01, example: "0.7" },
  { path: "inference.batch_size", label: "pages.settings.batchSize", kind: "integer", min: 1, max: 128, example: "8" },
  { path: "inference.frame_skip", label: "pages.settings.frameSkip", kind: "integer", min: 0, max: 10_000, example: "0", hint: "pages.settings.frameSkipHint" },
  { path: "inference.max_frames", label: "pages.settings.maxFrames", kind: "integer", min: 1, placeholder: "pages.settings.all" },
];

const SWITCHES: (keyof Exclude<TrainingSettings["augment"], boolean | undefined>)[] = ["flip", "rotate", "scale", "color"];

const TRAINING_FIELDS: readonly Field[] = [
  { path: "training.epochs", label: "pages.settings.epochs", kind: "integer", min: 1, max: 5000, placeholder: "pages.settings.automatic" },
  { path: "training.patience", label: "pages.settings.patience", kind: "integer", min: 1, max: 5000, placeholder: "pages.settings.automatic", hint: "pages.settings.patienceHint" },
  { path: "training.imgsz", label: "pages.settings.imageSize", kind: "integer", min: 64, max: 2048, step: 32, placeholder: "pages.settings.automatic", hint: "pages.settings.imageSizeHint" },
  { path: "training.batch", label: "pages.settings.batchSize", kind: "integer", min: 1, max: 512, placeholder: "pages.settings.automatic" },
  { path: "training.scale", label: "pages.settings.network", kind: "choice", choices: ["auto", "micro", "n", "s", "m"] },
  { path: "training.base_model", label: "pages.settings.base", kind: "text", example: "auto", hint: "pages.settings.baseHint" },
  { path: "training.augment", label: "pages.settings.augment", kind: "switches", choices: SWITCHES, names: ["pages.settings.flip", "pages.settings.rotate", "pages.settings.resize", "pages.settings.color"], hint: "pages.settings.augmentHint" },
  { path: "training.device", label: "pages.settings.device", kind: "text", example: "auto", hint: "pages.settings.deviceHint" },
  { path: "training.int8", label: "pages.settings.int8", kind: "check" },
  { path: "training.seed", label: "pages.settings.seed", kind: "integer", min: 0, max: 2_147_483_647, example: "0" },
  { path: "training.time_limit", label: "pages.settings.timeLimit", kind: "integer", min: 30, placeholder: "pages.settings.unlimited", hint: "pages.settings.timeLimitHint" },
];

const PRELABEL: Field = { path: "prelabel", label: "pages.settings.prelabel", kind: "text", example: "auto", hint: "pages.settings.prelabelHint" };
const OUTPUTS_FIELD: Field = { path: "outputs", label: "pages.settings.outputs", kind: "list", example: OUTPUTS.join(", ") };
const UPLOAD: Field = { path: "upload", label: "pages.settings.upload", kind: "path-list", example: "/data/results", hint: "pages.settings.uploadHint" };

export const ADVANCED_GROUPS: readonly { title: SettingText; fields: readonly Field[] }[] = [
  {
    title: "pages.settings.labeling",
    fields: [
      { path: "skeleton", label: "pages.settings.skeleton", kind: "lines", example: "nose - tail base", hint: "pages.settings.skeletonHint" },
      PRELABEL,
      { path: "labeling.allow_partial", label: "pages.settings.allowPartial", kind: "check" },
    ],
  },
  { title: "pages.settings.training", fields: TRAINING_FIELDS },
  { title: "pages.settings.inference", fields: INFERENCE_FIELDS },
  { title: "pages.settings.results", fields: [OUTPUTS_FIELD, UPLOAD] },
];

const mainField = (path: string): Field => {
  const found = MAIN_FIELDS.find((field) => field.path === path);
  if (found === undefined) throw new Error(`no such field: ${path}`);
  return found;
};

/** Which settings make sense when a step is tried again. */
export const RETRY_FIELDS: Record<StepName, readonly Field[]> = {
  download: [mainField("file_path")],
  frames: [mainField("num_frames"), mainField("file_path")],
  preinference: [PRELABEL, mainField("num_animals")],
  labeling: [{ path: "labeling.allow_partial", label: "pages.settings.allowPartial", kind: "check" }],
  training: TRAINING_FIELDS,
  deployment: [],
  inference: INFERENCE_FIELDS,
  results: [OUTPUTS_FIELD],
  upload: [UPLOAD],
};

export class FieldError extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** Switches as text: nothing where all are on, else the names of those that are off. */
export const offOf = (text: string): string[] => words(text);
export const switched = (text: string, name: string, isOn: boolean): string => [...offOf(text).filter((one) => one !== name), ...(isOn ? [] : [name])].join(", ");

const words = (text: string): string[] => text.split(/[,\n]/).map((word) => word.trim()).filter((word) => word !== "");

/** One input's text as the value that the API takes; throws FieldError where it cannot be read. */
function parse(field: Field, text: string, keypoints: readonly string[]): unknown {
  switch (field.kind) {
    case "text":
    case "choice":
      return text.trim();
    case "check":
      return text === "true";
    case "integer":
    case "number": {
      const value = Number(text);
      if (!Number.isFinite(value) || (field.kind === "integer" && !Number.isInteger(value))) throw new FieldError(field.path, t(field.kind === "integer" ? "pages.settings.wholeNumber" : "pages.settings.number"));
      return value;
    }
    case "list":
      return words(text);
    case "switches":
      return Object.fromEntries(offOf(text).map((name) => [name, false]));
    case "path-list":
      return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").map((path) => ({ path }));
    case "lines":
      return words(text).map((pair) => skeletonPair(field.path, pair, keypoints));
    default:
      return field.kind satisfies never;
  }
}

/** `nose - tail base` or `0 - 3`: names first, since names may hold a dash too. */
function skeletonPair(path: string, pair: string, keypoints: readonly string[]): [number, number] {
  for (const from of keypoints) {
    for (const to of keypoints) {
      if (pair.replaceAll(/\s*-\s*/g, "-") === `${from}-${to}`.replaceAll(/\s*-\s*/g, "-")) return [keypoints.indexOf(from), keypoints.indexOf(to)];
    }
  }
  const numbers = /^(\d+)\s*-\s*(\d+)$/.exec(pair);
  if (numbers !== null && Math.max(Number(numbers[1]), Number(numbers[2])) < keypoints.length) return [Number(numbers[1]), Number(numbers[2])];
  throw new FieldError(path, t("pages.settings.notAPair", { pair, from: keypoints[0] ?? "nose", to: keypoints[1] ?? "tail" }));
}

/** The body of a request from what the inputs hold; empty inputs are left out, so the server's defaults hold. */
export function toBody(fields: readonly Field[], values: FieldValues): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const keypoints = words(values["keypoints"] ?? "");
  for (const field of fields) {
    const text = values[field.path] ?? "";
    if (text.trim() === "") continue;
    const [head, tail] = field.path.split(".") as [string, string?];
    const value = parse(field, text, keypoints);
    if (tail === undefined) body[head] = value;
    else body[head] = { ...(body[head] as object | undefined), [tail]: value };
  }
  return body;
}

/** What the inputs show for settings that are there already. */
export function fromSettings(fields: readonly Field[], settings: object): FieldValues {
  const values: FieldValues = {};
  for (const field of fields) {
    let value: unknown = settings;
    for (const key of field.path.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
    if (value === undefined || value === null) continue;
    if (field.kind === "switches") values[field.path] = (field.choices ?? []).filter((name) => value === false || (value as Record<string, boolean>)[name] === false).join(", ");
    else if (field.kind === "path-list") values[field.path] = (value as { path: string }[]).map((one) => one.path).join("\n");
    else values[field.path] = Array.isArray(value) ? value.join(", ") : `${value as string | number | boolean}`;
  }
  return values;
}

/**
 * The settings of a retry: only what was changed. A group (`training`, ...) is sent whole, with what it holds already,
 * so that it does not matter whether the server merges groups or replaces them.
 */
export function changedSettings(fields: readonly Field[], values: FieldValues, settings: object): Partial<TaskBody> {
  const before = fromSettings(fields, settings);
  const changed = fields.filter((field) => (values[field.path] ?? "").trim() !== (before[field.path] ?? "").trim());
  const body = toBody(changed, values);
  for (const field of changed) {
    const [group, key] = field.path.split(".") as [string, string?];
    if (key === undefined) continue;
    const held = (settings as Record<string, object | undefined>)[group];
    const whole: Record<string, unknown> = { ...held, ...(body[group] as object | undefined) };
    if ((values[field.path] ?? "").trim() === "") {
      if (field.kind === "switches") whole[key] = true;
      else delete whole[key];
    }
    body[group] = whole;
  }
  return body;
}
