import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Detection } from "../../domain/detections.ts";
import { messageOf } from "../../domain/errors.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { checkOutput, decoded, emptyImages, partOf, scaled, type Output } from "./tensors.ts";
import { ThreadProblem, type OnnxRequest } from "./thread-messages.ts";
import { answerRequests } from "./thread.ts";

/** The thread in which models run: session.run blocks its thread until it is done, whatever its promise says. */

const sessions = new Map<string, { session: InferenceSession; facts: ModelFacts }>();

async function handle(request: OnnxRequest): Promise<Detection[][]> {
  if (request.kind === "unload") {
    await sessions.get(request.key)?.session.release();
    sessions.delete(request.key);
    return [];
  }
  return request.kind === "load" ? await load(request) : await infer(request);
}

async function load({ key, bytes, facts, threads }: OnnxRequest & { kind: "load" }): Promise<[]> {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    // Spinning threads would take the cores that decode the video.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  }).catch((error: unknown) => {
    throw new ThreadProblem("model", `ONNX Runtime cannot load it: ${messageOf(error)}`);
  });
  try {
    const { pixels, count, height, width } = emptyImages(facts);
    checkOutput(await run(session, facts, pixels, [count, 3, height, width]), count, facts);
  } catch (error) {
    await session.release();
    throw new ThreadProblem("model", messageOf(error));
  }
  sessions.set(key, { session, facts });
  return [];
}

async function infer(request: OnnxRequest & { kind: "infer" }): Promise<Detection[][]> {
  const { key, count, limits } = request;
  const loaded = sessions.get(key);
  if (loaded === undefined) throw new ThreadProblem("absent", `${key} is not loaded`);
  const { session, facts } = loaded;
  const found: Detection[][] = [];
  for (let start = 0; start < count; ) {
    const part = partOf(request, start, facts.batch ?? count, facts);
    const { data, dims } = await run(session, facts, part.pixels, part.dims);
    for (let image = 0; image < part.images; image++) found.push(decoded({ data, dims, image, facts, limits }));
    start += part.images;
  }
  return found;
}

async function run(session: InferenceSession, facts: ModelFacts, pixels: Uint8Array, dims: number[]): Promise<Output> {
  const input = facts.inputType === "uint8" ? new Tensor("uint8", pixels, dims) : new Tensor("float32", scaled(pixels), dims);
  const output = (await session.run({ [facts.inputName]: input }, [facts.outputName]))[facts.outputName];
  if (output === undefined || !(output.data instanceof Float32Array)) throw new Error("it gives no numbers");
  return { data: output.data, dims: output.dims };
}

/** One after the other: two runs at once would only fight for the same cores. */
let last: Promise<unknown> = Promise.resolve();
answerRequests((request: OnnxRequest) => {
  const result = last.then(() => handle(request));
  last = result.catch(() => undefined);
  return result;
});
