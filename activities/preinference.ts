import { readJson } from "../adapters/storage/storage.ts";
import type { Detection, ModelInfo, ModelRef } from "../domain/detections.ts";
import { InputError } from "../domain/errors.ts";
import type { FrameList, LabeledObject, Prelabels } from "../domain/labels.ts";
import { frameKeys, labelKeys } from "../domain/layout.ts";
import { boxToSource, letterboxFor, pointToSource, type Letterbox } from "../domain/letterbox.ts";
import { GLOBAL_MODEL } from "../domain/models.ts";
import type { PreinferenceInput, PreinferenceOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { letterboxedImage } from "./files/planar.ts";
import { findAnimalsByMotion } from "./motion/motion.ts";
import { longStep, type StepContext } from "./step-context.ts";

type Found = { source: string; objects: LabeledObject[][]; notes: string[] };
type Needs = Pick<Deps, "storage" | "serving" | "models">;

/** Draws the first labels, for a person to correct: by a model that is there, else by what moves. */
export function createPreinferenceSteps(deps: Needs) {
  return {
    preInfer: (input: PreinferenceInput): Promise<PreinferenceOutput> =>
      longStep(async (context) => {
        const list = await readJson<FrameList>(deps.storage, frameKeys(input.taskId, input.round).list);
        const model = await modelFor(deps, input.prelabel);
        const found =
          input.prelabel === "none" ? nothing(list) : model === null ? await byMotion(deps, input, list, context) : await byModel(deps, input, list, model, context);
        const frames = list.frames.map(({ frame }, i) => ({ frame, objects: found.objects[i] ?? [] }));
        const objects = frames.reduce((sum, frame) => sum + frame.objects.length, 0);
        await deps.storage.put(labelKeys(input.taskId, input.round).prelabels, JSON.stringify({ source: found.source, frames } satisfies Prelabels));
        context.log("pre-labels written", { frames: frames.length, objects, source: found.source });
        return { frames: frames.length, objects, source: found.source, notes: found.notes };
      }),
  };
}

const nothing = (list: FrameList): Found => ({ source: "none", objects: list.frames.map(() => []), notes: [] });

/** null: no model, look for motion. Throws InputError where a model was named that is not there. */
async function modelFor(deps: Needs, prelabel: string): Promise<ModelRef | null> {
  if (prelabel === "motion" || prelabel === "none") return null;
  const name = prelabel === "auto" ? GLOBAL_MODEL : prelabel;
  const version = await deps.models.served(name);
  if (version !== null) return { name, version };
  if (prelabel === "auto") return null;
  throw new InputError({ field: "prelabel", status: 404, message: `there is no model named "${name}"`, whatToDo: "Name a deployed model, or choose auto, motion or none." });
}

async function byMotion(deps: Needs, input: PreinferenceInput, list: FrameList, context: StepContext): Promise<Found> {
  const files = await Promise.all(list.frames.map(({ image_key }) => deps.storage.localPath(image_key)));
  const total = files.length;
  const boxes = await findAnimalsByMotion({
    files,
    size: { width: list.width, height: list.height },
    numAnimals: input.numAnimals,
    signal: context.signal,
    onProgress: (done) => context.report({ done, total, unit: "frames", message: "looking for what moves" }),
  });
  const objects = boxes.map((found, i) =>
    found.map((box, n): LabeledObject => {
      const centre = [rounded((box[0] + box[2]) / 2), rounded((box[1] + box[3]) / 2), 0];
      // Motion tells nothing of body parts: each is absent until a person places it.
      return { id: `f${list.frames[i]?.frame ?? i}-${n}`, class: input.classes[0] ?? "animal", box: box.map(rounded), keypoints: input.keypoints.map(() => centre), source: "motion", confirmed: false };
    }),
  );
  const notes = objects.some((found) => found.length > 0) ? [] : ["Nothing that moves was found in the frames: the animals have to be drawn by hand."];
  if (input.classes.length > 1) notes.push(`Motion does not tell classes apart: every box is "${input.classes[0]}" until it is corrected.`);
  return { source: "motion", objects, notes };
}

async function byModel(deps: Needs, input: PreinferenceInput, list: FrameList, model: ModelRef, context: StepContext): Promise<Found> {
  const info = await deps.serving.load(model);
  const letterbox = letterboxFor({ width: list.width, height: list.height }, info);
  const { confidence, iou, batch_size } = input.inference;
  const name = `model:${model.name}@${model.version}`;
  const objects: LabeledObject[][] = [];
  for (let start = 0; start < list.frames.length; start += batch_size) {
    context.signal.throwIfAborted();
    const frames = list.frames.slice(start, start + batch_size);
    const images = await Promise.all(frames.map(async ({ image_key }) => await letterboxedImage(await deps.storage.localPath(image_key), letterbox)));
    const found = await deps.serving.infer({ model, images, size: letterbox.input, confidence, iou, maxDetections: input.numAnimals ?? 300 });
    found.forEach((detections, i) => objects.push(labeled(detections, { input, info, letterbox, source: name, frame: frames[i]?.frame ?? 0 })));
    context.report({ done: objects.length, total: list.frames.length, unit: "frames", message: `pre-labeling with ${model.name}@${model.version}` });
  }
  const unknown = info.classes.filter((known) => !input.classes.includes(known));
  const notes = unknown.length === 0 ? [] : [`The model ${model.name}@${model.version} also knows ${unknown.join(", ")}, which this task has no class for; these were left out.`];
  if (objects.every((found) => found.length === 0)) notes.push("The model found no animals in the frames: they have to be drawn by hand.");
  return { source: name, objects, notes };
}

/** Detections as objects of the task: classes and keypoints go by their names; keypoints that the model does not know are absent. */
function labeled(detections: Detection[], of: { input: PreinferenceInput; info: ModelInfo; letterbox: Letterbox; source: string; frame: number }): LabeledObject[] {
  const { input, info, letterbox, source, frame } = of;
  return detections.flatMap((detection, n): LabeledObject[] => {
    const name = info.classes[detection.classId];
    const box = boxToSource(letterbox, detection.box);
    if (name === undefined || !input.classes.includes(name) || box === null || box[2] - box[0] < 1 || box[3] - box[1] < 1) return [];
    const keypoints = input.keypoints.map((keypoint) => {
      const place = detection.keypoints[info.keypoints.indexOf(keypoint)];
      if (place === undefined) return [rounded((box[0] + box[2]) / 2), rounded((box[1] + box[3]) / 2), 0];
      return [...pointToSource(letterbox, place[0], place[1]).map(rounded), place[2] >= 0.5 ? 2 : 1];
    });
    return [{ id: `f${frame}-${n}`, class: name, box: box.map(rounded), keypoints, source, confirmed: false, score: Math.round(Math.min(1, detection.score) * 1e4) / 1e4 }];
  });
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
