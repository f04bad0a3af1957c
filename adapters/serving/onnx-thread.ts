import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Detection } from "../../domain/detections.ts";
import { messageOf } from "../../domain/errors.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { checkOutput, decoded, emptyImages, fill, type Output } from "./tensors.ts";
import { ThreadProblem, type OnnxRequest } from "./thread-messages.ts";
import { answerRequests } from "./thread.ts";

/** A thread in which models run: session.run blocks its thread until it is done, whatever its promise says. */

interface Loaded {
  session: InferenceSession;
  facts: ModelFacts;
  /** Memory of the last run, used again for the next one with the same shape. */
  input?: Tensor;
  output?: Tensor;
}

const sessions = new Map<string, Loaded>();

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
  const loaded = { session, facts };
  try {
    const { images, height, width } = emptyImages(facts);
    checkOutput(await run(loaded, images, { height, width }), images.length, facts);
  } catch (error) {
    await session.release();
    throw new ThreadProblem("model", messageOf(error));
  }
  sessions.set(key, loaded);
  return [];
}

async function infer({ key, limits, images, ...size }: OnnxRequest & { kind: "infer" }): Promise<Detection[][]> {
  const loaded = sessions.get(key);
  if (loaded === undefined) throw new ThreadProblem("absent", `${key} is not loaded`);
  const { data, dims } = await run(loaded, images, size);
  return images.map((_, image) => decoded({ data, dims, image, facts: loaded.facts, limits }));
}

/** At most as many images as the model takes at once. What it gives holds until the next run. */
async function run(loaded: Loaded, images: Uint8Array[], { height, width }: { height: number; width: number }): Promise<Output> {
  const { session, facts } = loaded;
  const dims = [facts.batch ?? images.length, 3, height, width];
  if (!sameShape(loaded.input, dims)) {
    const length = dims.reduce((product, dim) => product * dim);
    loaded.input = facts.inputType === "uint8" ? new Tensor("uint8", new Uint8Array(length), dims) : new Tensor("float32", new Float32Array(length), dims);
    delete loaded.output;
  }
  fill(loaded.input!.data as Uint8Array | Float32Array, images);
  const wanted = loaded.output === undefined ? [facts.outputName] : { [facts.outputName]: loaded.output };
  const output = (await session.run({ [facts.inputName]: loaded.input! }, wanted))[facts.outputName];
  if (output === undefined || !(output.data instanceof Float32Array)) throw new Error("it gives no numbers");
  loaded.output = output;
  return { data: output.data, dims: output.dims };
}

const sameShape = (tensor: Tensor | undefined, dims: readonly number[]): boolean => tensor !== undefined && tensor.dims.every((dim, i) => dim === dims[i]);

/** One after the other: two runs at once would only fight for the same core. */
let last: Promise<unknown> = Promise.resolve();
answerRequests((request: OnnxRequest) => {
  const result = last.then(() => handle(request));
  last = result.catch(() => undefined);
  return result;
});
