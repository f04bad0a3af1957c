import { InputError } from "./errors.ts";
import { deriveFlipIdx } from "./flip.ts";
import { AnnotateSettings, InferenceSettings, LabelingSettings, TaskBody, TrainingSettings, type RetryBody, type TaskSettings } from "./task.ts";

/** From the body of a request to settings that are complete and make sense together. */

/** The defaults that a schema names, fresh copies. */
function defaultsOf(schema: { properties: Record<string, object> }): Record<string, unknown> {
  const entries = Object.entries(schema.properties).flatMap(([name, property]) => ("default" in property ? [[name, structuredClone(property.default)]] : []));
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** The body with every default filled in, checked. Throws InputError. */
export function settingsOf(body: TaskBody): TaskSettings {
  const keypoints = body.keypoints ?? [];
  const settings = {
    ...defaultsOf(TaskBody),
    num_animals: null,
    ...body,
    skeleton: (body.skeleton ?? []) as [number, number][],
    flip_idx: body.flip_idx ?? deriveFlipIdx(keypoints),
    labeling: { ...defaultsOf(LabelingSettings), ...body.labeling },
    training: { ...defaultsOf(TrainingSettings), ...body.training },
    inference: { ...defaultsOf(InferenceSettings), ...body.inference },
    annotate: { ...defaultsOf(AnnotateSettings), ...body.annotate },
  } as TaskSettings;
  checkSettings(settings);
  return settings;
}

/**
 * What `retry` changes, as complete top-level values (a part of `training` is merged into the training settings that hold now).
 * Throws InputError where the result would not make sense.
 */
export function settingsChanged(current: TaskSettings, patch: RetryBody["settings"]): Partial<TaskSettings> {
  const groups = ["labeling", "training", "inference", "annotate"] as const;
  const merged = groups.flatMap((group) => (patch?.[group] === undefined ? [] : [[group, { ...current[group], ...patch[group] }]]));
  const changed = { ...patch, ...Object.fromEntries(merged) } as Partial<TaskSettings>;
  checkSettings({ ...current, ...changed });
  return changed;
}

/** What a schema of single fields cannot say. */
function checkSettings(settings: TaskSettings): void {
  const { keypoints, skeleton, flip_idx: flipIdx, training } = settings;
  const refuse = (field: string, message: string, whatToDo: string): never => {
    throw new InputError({ field, message, whatToDo });
  };
  const numbers = keypoints.length === 0 ? "there are no keypoints" : `keypoints are numbered 0 to ${keypoints.length - 1}`;

  skeleton.forEach(([from, to], i) => {
    for (const end of [from, to]) if (end >= keypoints.length) refuse(`skeleton[${i}]`, `skeleton[${i}] names keypoint ${end}, but ${numbers}`, "use only numbers of the list `keypoints`");
    if (from === to) refuse(`skeleton[${i}]`, `skeleton[${i}] joins keypoint ${from} with itself`, "give two different keypoints");
  });
  if (flipIdx !== null) {
    if (flipIdx.length !== keypoints.length) refuse("flip_idx", `flip_idx has ${flipIdx.length} entries for ${keypoints.length} keypoints`, "give one number for each keypoint, or leave flip_idx out");
    flipIdx.forEach((mirror, i) => {
      if (mirror >= keypoints.length) refuse(`flip_idx[${i}]`, `flip_idx[${i}] is ${mirror}, but ${numbers}`, "use only numbers of the list `keypoints`");
      if (flipIdx[mirror] !== i) refuse(`flip_idx[${i}]`, `keypoint ${i} becomes ${mirror} in the mirror, but ${mirror} becomes ${flipIdx[mirror]}`, "give pairs: a keypoint's mirror image must lead back to it");
    });
  }
  if (training.task === "pose" && keypoints.length === 0) refuse("training.task", "a pose model needs keypoints, and none are named", "name the keypoints, or use training.task `detect`");
  checkTraining(training);
  const poses = keypoints.length > 0 && training.task !== "detect";
  if (poses && flipIdx === null && typeof training.augment === "object" && training.augment.flip === true) {
    refuse("training.augment.flip", "mirror images were asked for, but which keypoint each one becomes in them is not known", "give flip_idx, or leave training.augment.flip out");
  }
}

/** The training settings that `POST /training` takes and the defaults fill, checked among themselves. Throws InputError 422. */
export function trainingSettingsOf(asked: TrainingSettings): TrainingSettings {
  const training = { ...(defaultsOf(TrainingSettings) as TrainingSettings), ...asked };
  checkTraining(training, 422);
  return training;
}

const hasSize = (scale: string | undefined): boolean => scale !== undefined && scale !== "auto";

function checkTraining({ scale, base_model: base = "auto", device = "auto", batch }: TrainingSettings, status: 400 | 422 = 400): void {
  const refuse = (setting: keyof TrainingSettings, message: string, whatToDo: string): never => {
    throw new InputError({ field: `training.${setting}`, message, whatToDo, status });
  };
  const begins = base !== "auto" && base !== "scratch";
  if (begins && scale === "micro") refuse("scale", `there is no pretrained network of scale micro, but training.base_model is ${base}`, "leave training.scale out, or use training.base_model `scratch`");
  const named = /^yolo(?:v8|11|26)([nslmx])(?:-pose)?(?:\.pt)?$/.exec(base)?.[1];
  if (named !== undefined && hasSize(scale) && scale !== named) refuse("scale", `training.scale is ${scale}, but training.base_model ${base} has scale ${named}`, "leave training.scale out: the base model says it");
  const gpus = /^[0-9]/.test(device) ? device.split(",").map(Number) : [];
  if (new Set(gpus).size < gpus.length) refuse("device", `training.device names a GPU twice: ${device}`, "name each GPU once, such as 0,1");
  if (gpus.length > 1 && batch !== undefined && batch % gpus.length !== 0) refuse("batch", `a batch of ${batch} cannot be shared by ${gpus.length} GPUs`, `give a multiple of ${gpus.length}, such as ${Math.max(1, Math.round(batch / gpus.length)) * gpus.length}`);
}
