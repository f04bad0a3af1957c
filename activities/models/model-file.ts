import { createHash } from "node:crypto";
import type { Storage } from "../../adapters/storage/storage.ts";
import { InputError, messageOf } from "../../domain/errors.ts";
import { modelFactsOf, type GivenNames, type ModelFacts } from "../../domain/model-facts.ts";
import type { TensorFacts } from "../../domain/models.ts";
import { readOnnxFile, type OnnxFile, type OnnxValue } from "../../domain/onnx-file.ts";

/** Below this, ONNX Runtime promises nothing. */
const OLDEST_OPSET = 7;
/** ONNX's numbers of element types. */
const TYPES: Record<number, string> = { 1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64", 16: "bfloat16" };

export interface ModelFile {
  bytes: Buffer;
  sha256: string;
  onnx: OnnxFile;
  facts: ModelFacts;
}

/** Why an ONNX file of a user, or of a training, cannot be deployed: 422 of the field `model`. */
export const unusable = (message: string, cause?: unknown): InputError =>
  new InputError({ field: "model", status: 422, message, whatToDo: "Give an ONNX file as Ultralytics exports it for detect or pose, or train again.", cause });

/**
 * The ONNX file under a key, looked at without running it: opset, shapes, classes, no data in other files.
 * Throws InputError: 404 where there is none (field model_path), 422 with what is wrong with it.
 */
export async function readModelFile(storage: Storage, { key, sha256, names }: { key: string; sha256?: string; names: GivenNames }): Promise<ModelFile> {
  if ((await storage.size(key)) === null) throw new InputError({ field: "model_path", status: 404, message: `there is no model at ${key}`, whatToDo: "Train first, or name an ONNX file that is there." });
  const bytes = await storage.read(key);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== undefined && actual !== sha256) {
    throw new InputError({ field: "model_path", status: 422, message: `${key} is not the model that was exported: its SHA-256 is ${actual}, not ${sha256}`, whatToDo: "Export the model again." });
  }
  return { bytes, sha256: actual, ...inspect(bytes, key, names) };
}

function inspect(bytes: Buffer, key: string, names: GivenNames): Pick<ModelFile, "onnx" | "facts"> {
  try {
    const onnx = readOnnxFile(bytes);
    if (onnx.opset < OLDEST_OPSET) throw new Error(`it has opset ${onnx.opset}; ${OLDEST_OPSET} or newer is needed`);
    return { onnx, facts: modelFactsOf(onnx, names) };
  } catch (error) {
    throw unusable(`the model ${key} cannot be used: ${messageOf(error)}`, error);
  }
}

export const tensorFacts = (values: OnnxValue[]): TensorFacts[] => values.map(({ name, elementType, dims }) => ({ name, type: TYPES[elementType] ?? String(elementType), shape: dims }));
