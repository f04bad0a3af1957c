import type { Serving } from "../../adapters/serving/serving.ts";
import { readJsonIfThere, type Storage } from "../../adapters/storage/storage.ts";
import type { Detection, ModelInfo, ModelRef } from "../../domain/detections.ts";
import { InputError } from "../../domain/errors.ts";
import { letterboxFor, type Size } from "../../domain/letterbox.ts";
import { compareDetections, describeParity, parityHolds, toleranceOf, type Tolerance } from "../../domain/parity.ts";
import type { Reference } from "../../domain/reference.ts";
import type { ParityCheck } from "../../domain/steps.ts";
import { letterboxedImage, planarImage } from "../files/planar.ts";
import type { StepContext } from "../step-context.ts";

const BATCH = 8;
const MAX_DETECTIONS = 300;
/** Where no reference says otherwise. */
const CONFIDENCE = 0.25;
const IOU = 0.7;

export interface CompareDeps {
  storage: Storage;
  serving: Serving;
  /** The embedded ONNX Runtime; the same object where that is the target. */
  embedded: Serving;
}

/** What a model is tried with: the reference of its training, else frames (keys of images), in which two runtimes must find the same. */
export interface Trial {
  referenceKey: string | null;
  frames: string[];
}

/** Images of one size, and what PyTorch found in each, where that is known. */
interface Group {
  size: Size;
  images: Buffer[];
  expected: Detection[][];
}

/**
 * The same images through every runtime: PyTorch (its reference), the embedded ONNX Runtime and the target. Each two are compared.
 * Nothing is compared where there is nothing to compare with: no reference, and no second runtime.
 */
export async function compareRuntimes(deps: CompareDeps, of: { model: ModelRef; info: ModelInfo; trial: Trial; context: StepContext }): Promise<ParityCheck[]> {
  const { serving, embedded } = deps;
  const { referenceKey, frames } = of.trial;
  const reference = referenceKey === null ? null : await readReference(deps.storage, referenceKey);
  const runtimes = serving.kind === embedded.kind ? [serving] : [embedded, serving];
  if (reference === null && (runtimes.length === 1 || frames.length === 0)) return [];
  const groups = reference === null ? await groupOfFrames(deps.storage, frames, of.info) : await groupsOf(deps.storage, referenceKey!, reference);
  const confidence = reference?.confidence ?? CONFIDENCE;
  const tolerance = toleranceOf(of.info.precision);
  const limits = { confidence: confidence - tolerance.score, iou: reference?.iou ?? IOU, maxDetections: MAX_DETECTIONS };

  const found: { name: string; detections: Detection[][] }[] = reference === null ? [] : [{ name: "pytorch", detections: groups.flatMap(({ expected }) => expected) }];
  const total = groups.reduce((sum, { images }) => sum + images.length, 0) * runtimes.length;
  let done = 0;
  for (const runtime of runtimes) {
    if (runtime !== serving) await runtime.load(of.model);
    const detections: Detection[][] = [];
    for (const { images, size } of groups) {
      for (let start = 0; start < images.length; start += BATCH) {
        of.context.signal.throwIfAborted();
        const batch = images.slice(start, start + BATCH);
        detections.push(...(await runtime.infer({ model: of.model, images: batch, size, ...limits })));
        of.context.report({ done: (done += batch.length), total, unit: "images", message: `comparing what ${runtime.kind} finds` });
      }
    }
    found.push({ name: runtime.kind, detections });
  }
  const pairs = found.flatMap((ours, i) => found.slice(i + 1).map((theirs) => ({ ours, theirs })));
  return pairs.map(({ ours, theirs }) => ({
    ours: ours.name,
    theirs: theirs.name,
    ...compareDetections({ confidence, tolerance, pairs: ours.detections.map((detections, i) => ({ ours: detections, theirs: theirs.detections[i] ?? [] })) }),
  }));
}

/** Throws InputError (field model) with the figures of the first two that do not agree. */
export function mustAgree(checks: ParityCheck[], tolerance: Tolerance): void {
  const bad = checks.find((check) => !parityHolds(check, tolerance));
  if (bad === undefined) return;
  const { pixels, score } = tolerance;
  throw new InputError({
    field: "model",
    status: 422,
    message: `the model does not find the same with ${bad.theirs} as with ${bad.ours}: ${describeParity(bad)} (allowed are ${pixels} px and ${score})`,
    whatToDo: "The version before keeps serving. Export or train the model again; tell us the figures if it happens again.",
  });
}

async function readReference(storage: Storage, key: string): Promise<Reference> {
  const reference = await readJsonIfThere<Reference>(storage, key);
  if (reference !== null && reference.images.length > 0) return reference;
  throw new InputError({ field: "model", status: 422, message: `there are no reference predictions at ${key}`, whatToDo: "Export the model again." });
}

async function groupsOf(storage: Storage, referenceKey: string, { images }: Reference): Promise<Group[]> {
  const folder = referenceKey.slice(0, referenceKey.lastIndexOf("/") + 1);
  const groups = new Map<string, Group>();
  for (const image of images) {
    const { pixels, size } = await planarImage(await storage.localPath(folder + image.file));
    const key = `${size.width}x${size.height}`;
    const group = groups.get(key) ?? { size, images: [], expected: [] };
    group.images.push(pixels);
    group.expected.push(image.detections.map(({ box, score, class_id, keypoints }) => ({ box, score, classId: class_id, keypoints })));
    groups.set(key, group);
  }
  return [...groups.values()];
}

async function groupOfFrames(storage: Storage, frames: string[], info: ModelInfo): Promise<Group[]> {
  const groups = new Map<string, Group>();
  for (const key of frames) {
    const file = await storage.localPath(key);
    const letterbox = letterboxFor((await planarImage(file)).size, info);
    const name = `${letterbox.input.width}x${letterbox.input.height}`;
    const group = groups.get(name) ?? { size: letterbox.input, images: [], expected: [] };
    group.images.push(await letterboxedImage(file, letterbox));
    groups.set(name, group);
  }
  return [...groups.values()];
}
