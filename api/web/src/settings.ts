import type { StepName, TaskBody } from "../../../domain/task.ts";

/** The settings that people can change on the pages: one table for the submit form and for the retry forms. */

export interface Field {
  /** Dotted path in the body of `POST /tasks/`. */
  path: string;
  label: string;
  kind: "text" | "integer" | "number" | "list" | "choice" | "check" | "lines" | "path-list";
  hint?: string;
  /** Two of them share a line of the submit form. */
  half?: boolean;
  placeholder?: string;
  min?: number;
  max?: number;
  step?: number;
  choices?: readonly string[];
}

/** What the inputs hold, as text, by path. An empty text is "not given". */
export type FieldValues = Record<string, string>;

export const MAIN_FIELDS: readonly Field[] = [
  { path: "file_path", label: "Video", kind: "text", placeholder: "/data/videos/arena.mp4 or https://…", hint: "A path on the server, or an http(s) address." },
  { path: "user_id", label: "Your name", kind: "text", half: true },
  { path: "project", label: "Project", kind: "text", placeholder: "default", half: true },
  { path: "classes", label: "Classes", kind: "list", placeholder: "animal", hint: "Separated by commas." },
  { path: "keypoints", label: "Keypoints", kind: "list", placeholder: "nose, left ear, right ear, tail base", hint: "Separated by commas; leave empty for boxes only." },
  { path: "num_animals", label: "Number of animals", kind: "integer", min: 1, max: 1000, placeholder: "unknown", half: true, hint: "Never more ids than that." },
  { path: "num_frames", label: "Frames to label", kind: "integer", min: 1, max: 5000, placeholder: "60", half: true },
];

const INFERENCE_FIELDS: readonly Field[] = [
  { path: "inference.confidence", label: "Confidence", kind: "number", min: 0.01, max: 0.99, step: 0.01, placeholder: "0.25" },
  { path: "inference.iou", label: "IoU of overlaps", kind: "number", min: 0.01, max: 1, step: 0.01, placeholder: "0.7" },
  { path: "inference.batch_size", label: "Batch size", kind: "integer", min: 1, max: 128, placeholder: "8" },
  { path: "inference.frame_skip", label: "Frames to skip", kind: "integer", min: 0, max: 10_000, placeholder: "0", hint: "Left out between two processed ones." },
  { path: "inference.max_frames", label: "At most so many frames", kind: "integer", min: 1, placeholder: "all" },
];

const TRAINING_FIELDS: readonly Field[] = [
  { path: "training.epochs", label: "Epochs", kind: "integer", min: 1, max: 5000, placeholder: "automatic" },
  { path: "training.patience", label: "Patience", kind: "integer", min: 1, max: 5000, placeholder: "automatic", hint: "Stop after so many epochs without a better model." },
  { path: "training.imgsz", label: "Image size", kind: "integer", min: 64, max: 2048, step: 32, placeholder: "automatic", hint: "Pixels, a multiple of 32." },
  { path: "training.batch", label: "Batch size", kind: "integer", min: 1, max: 512, placeholder: "automatic" },
  { path: "training.scale", label: "Network", kind: "choice", choices: ["auto", "micro", "n", "s", "m"] },
  { path: "training.base_model", label: "Starts from", kind: "text", placeholder: "auto", hint: "auto, scratch, a .pt file, or a model's name." },
  { path: "training.device", label: "Device", kind: "text", placeholder: "auto", hint: "auto, cpu, mps, cuda, or GPU numbers." },
  { path: "training.time_limit", label: "Time limit", kind: "integer", min: 30, placeholder: "none", hint: "Seconds." },
];

const PRELABEL: Field = { path: "prelabel", label: "Pre-labels", kind: "text", placeholder: "auto", hint: "auto, motion, none, or a model's name." };
const OUTPUTS_FIELD: Field = { path: "outputs", label: "Outputs", kind: "list", placeholder: "json, csv, video, notebook" };
const UPLOAD: Field = { path: "upload", label: "Copy results to", kind: "path-list", placeholder: "/data/results", hint: "Folders on the server, one a line." };

export const ADVANCED_GROUPS: readonly { title: string; fields: readonly Field[] }[] = [
  {
    title: "Labeling",
    fields: [
      { path: "skeleton", label: "Skeleton lines", kind: "lines", placeholder: "nose - tail base", hint: "Pairs of keypoint names, separated by commas." },
      PRELABEL,
      { path: "labeling.allow_partial", label: "Approve without reviewing every frame", kind: "check" },
    ],
  },
  { title: "Training", fields: TRAINING_FIELDS },
  { title: "Inference", fields: INFERENCE_FIELDS },
  { title: "Results", fields: [OUTPUTS_FIELD, UPLOAD] },
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
  labeling: [{ path: "labeling.allow_partial", label: "Approve without reviewing every frame", kind: "check" }],
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
      if (!Number.isFinite(value) || (field.kind === "integer" && !Number.isInteger(value))) throw new FieldError(field.path, field.kind === "integer" ? "Give a whole number." : "Give a number.");
      return value;
    }
    case "list":
      return words(text);
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
  throw new FieldError(path, `"${pair}" is not a pair of keypoint names, such as "${keypoints[0] ?? "nose"} - ${keypoints[1] ?? "tail"}".`);
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
    if (field.kind === "path-list") values[field.path] = (value as { path: string }[]).map((one) => one.path).join("\n");
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
    if ((values[field.path] ?? "").trim() === "") delete whole[key];
    body[group] = whole;
  }
  return body;
}
