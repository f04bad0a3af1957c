import type { OnnxFile, OnnxValue } from "./onnx-file.ts";

/** Largest batch that Triton may put together where the model takes any. */
const MAX_BATCH = 16;

/** Triton's name of an ONNX element type. */
const TYPES: Record<number, string> = { 1: "TYPE_FP32", 2: "TYPE_UINT8", 3: "TYPE_INT8", 5: "TYPE_INT16", 6: "TYPE_INT32", 7: "TYPE_INT64", 9: "TYPE_BOOL", 10: "TYPE_FP16", 11: "TYPE_FP64" };

/** What the configuration says of a model's tensors, in Triton's words. */
export interface TritonTensors {
  /** 0: the file's own batch stands in `dims`. */
  max_batch_size: number;
  input: TritonTensor[];
  output: TritonTensor[];
}

/** `dims`: -1 for any size. */
export interface TritonTensor {
  name: string;
  data_type: string;
  dims: number[];
}

/** Names, types and shapes as the file has them. With a dynamic batch the first dimension is left out, as Triton wants it. */
export function tritonTensors(file: Pick<OnnxFile, "inputs" | "outputs">): TritonTensors {
  const batched = [...file.inputs, ...file.outputs].every((value) => value.dims.length > 0 && value.dims[0] === null);
  const tensor = (value: OnnxValue): TritonTensor => {
    const type = TYPES[value.elementType];
    if (type === undefined) throw new Error(`Triton has no type for element type ${value.elementType} of ${value.name}`);
    return { name: value.name, data_type: type, dims: (batched ? value.dims.slice(1) : value.dims).map((dim) => dim ?? -1) };
  };
  return { max_batch_size: batched ? MAX_BATCH : 0, input: file.inputs.map(tensor), output: file.outputs.map(tensor) };
}

/**
 * config.pbtxt of a model repository. With a dynamic batch requests may be batched together. One instance on each graphics card, or one on
 * the processor, which uses all cores by itself.
 */
export function tritonConfig(options: { name: string; file: Pick<OnnxFile, "inputs" | "outputs">; versions: number[] }): string {
  const { name, file, versions } = options;
  const { max_batch_size: maxBatch, input, output } = tritonTensors(file);
  const text = (tensor: TritonTensor): string => `  {\n    name: ${quoted(tensor.name)}\n    data_type: ${tensor.data_type}\n    dims: [ ${tensor.dims.join(", ")} ]\n  }`;
  return [
    `name: ${quoted(name)}`,
    `backend: "onnxruntime"`,
    `max_batch_size: ${maxBatch}`,
    `input [\n${input.map(text).join(",\n")}\n]`,
    `output [\n${output.map(text).join(",\n")}\n]`,
    `version_policy { specific { versions: [ ${versions.join(", ")} ] } }`,
    ...(maxBatch > 0 ? ["dynamic_batching { }"] : []),
    "instance_group [ { kind: KIND_AUTO count: 1 } ]",
    "",
  ].join("\n");
}

/** A string in protobuf's text format. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`)}"`;
