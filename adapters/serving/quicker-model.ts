import type { InferenceSession } from "onnxruntime-node";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { quickerGraph } from "../../domain/quicker-graph.ts";
import { outputKind } from "./decode-output.ts";
import { run, type LoadedModel } from "./onnx-run.ts";
import type { Output } from "./tensors.ts";

/** Pixels, or shares of 1: far less than two runtimes differ by. */
const SAME = 1e-3;

/** A loaded model with a quicker graph, tried on an image without any order in it; null where there is none, or it does not say the same. */
export async function quickerModel(asItIs: LoadedModel, bytes: Uint8Array, open: (changed: Uint8Array) => Promise<InferenceSession>): Promise<LoadedModel | null> {
  const { facts } = asItIs;
  let quick: LoadedModel | null = null;
  try {
    const changed = quickerGraph(bytes, facts);
    if (changed === null) return null;
    quick = { session: await open(changed), facts, quick: true };
    if (await saysTheSame(asItIs, quick)) return quick;
  } catch {
    // Whatever it is: the file as it is has just run.
  }
  await quick?.session.release();
  return null;
}

async function saysTheSame(asItIs: LoadedModel, quick: LoadedModel): Promise<boolean> {
  const { facts } = asItIs;
  const image = { images: [noise(facts)], ...sizeFor(facts) };
  const whole = await run(asItIs, { ...image, confidence: 0 });
  if (outputKind(whole.dims, facts) !== "raw") return false;
  const best = bestScores(whole, facts);
  const sorted = best.toSorted((a, b) => b - a);
  // Nothing, about a tenth, and all.
  for (const confidence of [1, sorted[Math.floor(sorted.length / 10)] ?? 0, -1]) {
    const few = await run(quick, { ...image, confidence });
    if (!sameColumns(few, whole, [...best.keys()].filter((anchor) => best[anchor]! > confidence))) return false;
  }
  return true;
}

/** A small one, where the model takes it. */
function sizeFor({ dynamicSize, imgsz, stride }: ModelFacts): { height: number; width: number } {
  return dynamicSize ? { height: 3 * stride, width: 5 * stride } : { height: imgsz[0], width: imgsz[1] };
}

/** Always the same. */
function noise(facts: ModelFacts): Uint8Array {
  const { height, width } = sizeFor(facts);
  let state = 1;
  return Uint8Array.from({ length: 3 * height * width }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

function bestScores({ data, dims }: Output, { classes }: ModelFacts): Float32Array {
  const anchors = dims[2] ?? 0;
  return Float32Array.from({ length: anchors }, (_, anchor) => Math.max(...classes.map((_name, classId) => data[(4 + classId) * anchors + anchor]!)));
}

function sameColumns(few: Output, whole: Output, anchors: number[]): boolean {
  const [batch, channels = 0, count = 0] = few.dims;
  if (batch !== 1 || channels !== whole.dims[1] || count !== anchors.length) return false;
  const all = whole.dims[2] ?? 0;
  return anchors.every((anchor, column) => Array.from({ length: channels }, (_, channel) => Math.abs(few.data[channel * count + column]! - whole.data[channel * all + anchor]!)).every((difference) => difference <= SAME));
}
