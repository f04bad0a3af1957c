import { Tensor, type InferenceSession } from "onnxruntime-node";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { CONFIDENCE_INPUT } from "../../domain/quicker-graph.ts";
import { fill, type Output } from "./tensors.ts";

export interface LoadedModel {
  session: InferenceSession;
  facts: ModelFacts;
  /** Its graph was changed by domain/quicker-graph. */
  quick: boolean;
  /** Memory of the last run, used again for the next one with the same shape. */
  input?: Tensor;
  output?: Tensor;
}

/** At most as many images as the model takes at once. A quick model gives only what is above `confidence`. The output holds until the next run. */
export async function run(loaded: LoadedModel, { images, height, width, confidence }: { images: Uint8Array[]; height: number; width: number; confidence: number }): Promise<Output> {
  const { session, facts, quick } = loaded;
  const dims = [facts.batch ?? images.length, 3, height, width];
  if (!sameShape(loaded.input, dims)) {
    const length = dims.reduce((product, dim) => product * dim);
    loaded.input = quick || facts.inputType === "uint8" ? new Tensor("uint8", new Uint8Array(length), dims) : new Tensor("float32", new Float32Array(length), dims);
    delete loaded.output;
  }
  fill(loaded.input!.data as Uint8Array | Float32Array, images);
  const feeds = { [facts.inputName]: loaded.input!, ...(quick ? { [CONFIDENCE_INPUT]: new Tensor("float32", [confidence], []) } : {}) };
  const wanted = loaded.output === undefined ? [facts.outputName] : { [facts.outputName]: loaded.output };
  const output = (await session.run(feeds, wanted))[facts.outputName];
  if (output === undefined || !(output.data instanceof Float32Array)) throw new Error("it gives no numbers");
  // A quick model's output is as long as there are animals.
  if (!quick) loaded.output = output;
  return { data: output.data, dims: output.dims };
}

const sameShape = (tensor: Tensor | undefined, dims: readonly number[]): boolean => tensor !== undefined && tensor.dims.every((dim, i) => dim === dims[i]);
