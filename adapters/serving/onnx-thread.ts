import { InferenceSession, Tensor } from "onnxruntime-node";
import { parentPort } from "node:worker_threads";
import type { Detection } from "../../domain/detections.ts";
import { messageOf } from "../../domain/errors.ts";
import { PADDING_GREY } from "../../domain/letterbox.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { decodeOutput, outputKind } from "./decode-output.ts";
import type { OnnxReply, OnnxRequest } from "./onnx-messages.ts";

/** The thread in which models run: session.run blocks its thread until it is done, whatever its promise says. */

const sessions = new Map<string, { session: InferenceSession; facts: ModelFacts }>();

class ModelProblem extends Error {}

async function handle(request: OnnxRequest): Promise<Detection[][]> {
  if (request.kind === "unload") {
    await sessions.get(request.key)?.session.release();
    sessions.delete(request.key);
    return [];
  }
  return request.kind === "load" ? await load(request) : await infer(request);
}

async function load(request: OnnxRequest & { kind: "load" }): Promise<[]> {
  const { key, bytes, facts, threads } = request;
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    // Spinning threads would take the cores that decode the video.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  }).catch((error: unknown) => {
    throw new ModelProblem(`ONNX Runtime cannot load it: ${messageOf(error)}`);
  });
  try {
    const [height, width] = facts.imgsz;
    const batch = facts.batch ?? 1;
    const output = await run(session, facts, new Uint8Array(batch * 3 * height * width).fill(PADDING_GREY), [batch, 3, height, width]);
    outputKind(output.dims, facts);
    if (output.dims[0] !== batch) throw new Error(`it gives results for ${output.dims[0]} images where it got ${batch}`);
    if (!output.data.every(Number.isFinite)) throw new Error("it gives values that are not numbers for an empty image");
  } catch (error) {
    await session.release();
    throw new ModelProblem(messageOf(error));
  }
  await sessions.get(key)?.session.release();
  sessions.set(key, { session, facts });
  return [];
}

async function infer(request: OnnxRequest & { kind: "infer" }): Promise<Detection[][]> {
  const { key, pixels, count, height, width, limits } = request;
  const loaded = sessions.get(key);
  if (loaded === undefined) throw new Error(`${key} is not loaded`);
  const { session, facts } = loaded;
  const bytes = 3 * height * width;
  const batch = facts.batch ?? count;
  const found: Detection[][] = [];
  for (let start = 0; start < count; start += batch) {
    const images = Math.min(batch, count - start);
    let part = pixels.subarray(start * bytes, (start + images) * bytes);
    if (images < batch) {
      // A fixed batch that is not full: the rest is black and its results are not read.
      part = new Uint8Array(batch * bytes);
      part.set(pixels.subarray(start * bytes, (start + images) * bytes));
    }
    const { data, dims } = await run(session, facts, part, [batch, 3, height, width]);
    for (let image = 0; image < images; image++) found.push(decodeOutput({ data, dims, image, facts, limits }));
  }
  return found;
}

async function run(session: InferenceSession, facts: ModelFacts, pixels: Uint8Array, dims: number[]): Promise<{ data: Float32Array; dims: readonly number[] }> {
  const input = facts.inputType === "uint8" ? new Tensor("uint8", pixels, dims) : new Tensor("float32", scaled(pixels), dims);
  const output = (await session.run({ [facts.inputName]: input }, [facts.outputName]))[facts.outputName];
  if (output === undefined || !(output.data instanceof Float32Array)) throw new Error("it gives no numbers");
  return { data: output.data, dims: output.dims };
}

function scaled(pixels: Uint8Array): Float32Array {
  const values = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) values[i] = pixels[i]! / 255;
  return values;
}

const port = parentPort;
if (port === null) throw new Error("onnx-thread.ts is the entry of a worker thread");
/** One after the other: two runs at once would only fight for the same cores. */
let queue: Promise<void> = Promise.resolve();
port.on("message", (request: OnnxRequest) => {
  const answer = async (): Promise<OnnxReply> => {
    try {
      return { id: request.id, ok: true, detections: await handle(request) };
    } catch (error) {
      return { id: request.id, ok: false, message: messageOf(error), model: error instanceof ModelProblem };
    }
  };
  queue = queue.then(answer).then((reply) => port.postMessage(reply));
});
