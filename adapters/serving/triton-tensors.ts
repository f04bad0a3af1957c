import type { ModelFacts } from "../../domain/model-facts.ts";
import type { Output } from "./tensors.ts";
import type { Answer } from "./triton-http.ts";

/** An inference request and its answer in the binary tensor extension: a header in JSON, then the tensors' bytes, little-endian. */

export const HEADER_LENGTH = "inference-header-content-length";

/** Pixels are written into the body as the model wants them, without another copy. */
export function encodeRequest(options: { facts: ModelFacts; pixels: Uint8Array; dims: readonly number[] }): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  const { facts, pixels, dims } = options;
  const float = facts.inputType === "float";
  const bytes = pixels.length * (float ? 4 : 1);
  const header = JSON.stringify({
    inputs: [{ name: facts.inputName, shape: dims, datatype: float ? "FP32" : "UINT8", parameters: { binary_data_size: bytes } }],
    outputs: [{ name: facts.outputName, parameters: { binary_data: true } }],
  });
  const text = new TextEncoder().encode(header);
  // Spaces after the JSON, so that floats begin at a multiple of 4.
  const start = Math.ceil(text.length / 4) * 4;
  const body = new Uint8Array(start + bytes);
  body.fill(0x20, 0, start);
  body.set(text);
  if (float) {
    const values = new Float32Array(body.buffer, start, pixels.length);
    for (let i = 0; i < pixels.length; i++) values[i] = pixels[i]! / 255;
  } else body.set(pixels, start);
  return { body, headers: { "content-type": "application/octet-stream", [HEADER_LENGTH]: String(start) } };
}

interface ResponseHeader {
  outputs?: { name?: string; datatype?: string; shape?: number[]; parameters?: { binary_data_size?: number } }[];
}

/** Throws Error where the answer is not what was asked for. */
export function decodeAnswer({ headers, body }: Answer, facts: ModelFacts): Output {
  const length = Number(headers.get(HEADER_LENGTH));
  if (!Number.isInteger(length) || length <= 0 || length > body.length) throw new Error("the answer has no tensors");
  const { outputs } = JSON.parse(body.toString("utf8", 0, length)) as ResponseHeader;
  const [output] = outputs ?? [];
  if (output?.name !== facts.outputName || output.datatype !== "FP32") throw new Error(`the answer has ${output?.datatype ?? "nothing"} "${output?.name ?? ""}" where FP32 "${facts.outputName}" was asked for`);
  const dims = output.shape ?? [];
  const bytes = dims.reduce((product, dim) => product * dim, 4);
  if (output.parameters?.binary_data_size !== bytes || body.length - length !== bytes) throw new Error(`the answer has ${body.length - length} bytes for a tensor of [${dims.join(", ")}]`);
  // Floats must begin at a multiple of 4 of their buffer.
  return { data: new Float32Array(new Uint8Array(body.subarray(length)).buffer), dims };
}
