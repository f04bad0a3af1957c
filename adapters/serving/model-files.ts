import type { ModelInfo, ModelRef } from "../../domain/detections.ts";
import { InputError, messageOf } from "../../domain/errors.ts";
import { modelKeys } from "../../domain/layout.ts";
import type { Size } from "../../domain/letterbox.ts";
import { modelFactsOf, type GivenNames, type ModelFacts } from "../../domain/model-facts.ts";
import { readOnnxFile } from "../../domain/onnx-file.ts";
import { readJsonIfThere, type Storage } from "../storage/storage.ts";
import type { Images } from "./thread-messages.ts";

/** What both ways of serving do with the model repository's files and with images. */

export const nameOf = (model: ModelRef): string => `${model.name}@${model.version}`;

export function cannotServe(model: ModelRef, reason: unknown): InputError {
  return new InputError({
    field: "model",
    status: 422,
    message: `the model ${nameOf(model)} cannot be used: ${messageOf(reason)}`,
    whatToDo: "Give an ONNX file as Ultralytics exports it for detect or pose, or train again.",
    cause: reason,
  });
}

/** A version's file and what it says of itself. Throws InputError (field `model`) where there is none, or none that can serve. */
export async function readModel(storage: Storage, model: ModelRef): Promise<{ bytes: Buffer; facts: ModelFacts }> {
  const keys = modelKeys(model.name);
  const onnx = keys.onnx(model.version);
  if ((await storage.size(onnx)) === null) {
    throw new InputError({ field: "model", status: 404, message: `there is no model ${nameOf(model)} (${onnx})`, whatToDo: "Name a deployed model." });
  }
  const bytes = await storage.read(onnx);
  const given = await readJsonIfThere<GivenNames>(storage, keys.card(model.version));
  try {
    return { bytes, facts: modelFactsOf(readOnnxFile(bytes), given ?? {}) };
  } catch (error) {
    throw cannotServe(model, error);
  }
}

export function infoOf({ name, version }: ModelRef, { task, classes, keypoints, imgsz, dynamicSize, stride, precision }: ModelFacts): ModelInfo {
  return { name, version, task, classes, keypoints, imgsz, dynamicSize, stride, precision };
}

/** Height and width of the images. Throws Error for images of another size than the model takes, or than they are said to have. */
export function sizeOfImages(options: { model: ModelRef; facts: ModelFacts; images: Uint8Array[]; size: Size | undefined }): { height: number; width: number } {
  const { model, facts, images, size } = options;
  const [height, width] = size === undefined ? facts.imgsz : [size.height, size.width];
  if (!facts.dynamicSize && (height !== facts.imgsz[0] || width !== facts.imgsz[1])) throw new Error(`${nameOf(model)} takes images of ${facts.imgsz[1]}x${facts.imgsz[0]}, not ${width}x${height}`);
  const other = images.find(({ length }) => length !== 3 * height * width);
  if (other !== undefined) throw new Error(`an image of ${other.length} bytes where ${width}x${height} planar RGB has ${3 * height * width}`);
  return { height, width };
}

/** One block of pixels, to be moved to a thread: the one copy, since the images may share a buffer that is used again. Throws as `sizeOfImages`. */
export function together(options: Parameters<typeof sizeOfImages>[0]): Images {
  const { height, width } = sizeOfImages(options);
  const bytes = 3 * height * width;
  const pixels = new Uint8Array(options.images.length * bytes);
  options.images.forEach((image, i) => pixels.set(image, i * bytes));
  return { pixels, count: options.images.length, height, width };
}
