import type { ModelRef } from "../../domain/detections.ts";
import { InputError } from "../../domain/errors.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { nameOf } from "./model-files.ts";
import type { ServedModel, ServedTensor } from "./triton-control.ts";

/** Throws InputError where the server's tensors are not those of the file: then its config.pbtxt was written for another model. */
export function checkServed(model: ModelRef, facts: ModelFacts, served: ServedModel): void {
  const [height, width] = facts.dynamicSize ? [-1, -1] : facts.imgsz;
  compare(model, "input", served.inputs, { name: facts.inputName, datatype: facts.inputType === "float" ? "FP32" : "UINT8", shape: [facts.batch ?? -1, 3, height, width] });
  compare(model, "output", served.outputs, { name: facts.outputName, datatype: "FP32", shape: null });
}

function compare(model: ModelRef, side: "input" | "output", all: ServedTensor[], wanted: { name: string; datatype: string; shape: number[] | null }): void {
  const found = all.find(({ name }) => name === wanted.name);
  // -1 takes any size.
  const fits = wanted.shape === null || (found?.shape.length === wanted.shape.length && found.shape.every((dim, i) => dim === -1 || dim === wanted.shape?.[i]));
  if (found?.datatype === wanted.datatype && fits && (side === "output" || all.length === 1)) return;
  const text = (tensor: { name: string; datatype: string; shape: number[] | null }): string => `"${tensor.name}" ${tensor.datatype}${tensor.shape === null ? "" : ` [${tensor.shape.join(", ")}]`}`;
  throw new InputError({
    field: "model",
    status: 409,
    message: `Triton serves ${nameOf(model)} with another ${side} than its file has: ${all.map(text).join(", ") || "none"} instead of ${text(wanted)}`,
    whatToDo: "Deploy the model again, so that its config.pbtxt is written from the file; versions of one model must have the same tensors.",
  });
}
