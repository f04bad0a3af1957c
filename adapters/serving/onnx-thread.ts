import { InferenceSession } from "onnxruntime-node";
import type { Detection } from "../../domain/detections.ts";
import { messageOf } from "../../domain/errors.ts";
import { run, type LoadedModel } from "./onnx-run.ts";
import { quickerModel } from "./quicker-model.ts";
import { checkOutput, decoded, emptyImages } from "./tensors.ts";
import { ThreadProblem, type OnnxRequest } from "./thread-messages.ts";
import { answerRequests } from "./thread.ts";

/** A thread in which models run: session.run blocks its thread until it is done, whatever its promise says. */

const sessions = new Map<string, LoadedModel>();

async function handle(request: OnnxRequest): Promise<Detection[][]> {
  if (request.kind === "unload") {
    await sessions.get(request.key)?.session.release();
    sessions.delete(request.key);
    return [];
  }
  return request.kind === "load" ? await load(request) : await infer(request);
}

async function load({ key, bytes, facts, threads }: OnnxRequest & { kind: "load" }): Promise<[]> {
  const asItIs = { session: await open(bytes, threads), facts, quick: false };
  try {
    const { images, height, width } = emptyImages(facts);
    checkOutput(await run(asItIs, { images, height, width, confidence: 0 }), images.length, facts);
  } catch (error) {
    await asItIs.session.release();
    throw new ThreadProblem("model", messageOf(error));
  }
  const quick = await quickerModel(asItIs, bytes, (changed) => open(changed, threads));
  if (quick !== null) await asItIs.session.release();
  sessions.set(key, quick ?? asItIs);
  return [];
}

const open = (bytes: Uint8Array, threads: number): Promise<InferenceSession> =>
  InferenceSession.create(bytes, {
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    // Spinning threads would take the cores that decode the video.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  }).catch((error: unknown) => {
    throw new ThreadProblem("model", `ONNX Runtime cannot load it: ${messageOf(error)}`);
  });

async function infer({ key, limits, images, ...size }: OnnxRequest & { kind: "infer" }): Promise<Detection[][]> {
  const loaded = sessions.get(key);
  if (loaded === undefined) throw new ThreadProblem("absent", `${key} is not loaded`);
  const { data, dims } = await run(loaded, { images, ...size, confidence: limits.confidence });
  return images.map((_, image) => decoded({ data, dims, image, facts: loaded.facts, limits }));
}

/** One after the other: two runs at once would only fight for the same core. */
let last: Promise<unknown> = Promise.resolve();
answerRequests((request: OnnxRequest) => {
  const result = last.then(() => handle(request));
  last = result.catch(() => undefined);
  return result;
});
