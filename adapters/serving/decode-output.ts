import type { Detection } from "../../domain/detections.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { bestFirst, suppress } from "../../domain/nms.ts";

/** Raw heads give far more boxes than there are animals: only the best of them meet in the NMS. */
const CANDIDATES_PER_DETECTION = 10;

export interface Limits {
  confidence: number;
  iou: number;
  maxDetections: number;
}

/**
 * `raw`: [batch, 4 + classes + keypoints, anchors] with centre, size and a score per class; needs NMS.
 * `end-to-end`: [batch, rows, 6 + keypoints] with corners, score and class; the network has done it.
 * Throws Error where the shape fits neither.
 */
export function outputKind(dims: readonly number[], facts: ModelFacts): "raw" | "end-to-end" {
  const keypointValues = facts.keypoints.length * facts.keypointDims;
  const raw = 4 + facts.classes.length + keypointValues;
  if (dims.length === 3 && dims[1] === raw) return "raw";
  if (dims.length === 3 && dims[2] === 6 + keypointValues) return "end-to-end";
  throw new Error(`its output has the shape [${dims.join(", ")}], which does not fit ${facts.classes.length} classes and ${facts.keypoints.length} keypoints ([batch, ${raw}, anchors] or [batch, rows, ${6 + keypointValues}])`);
}

/** One image's detections, best first, in pixels of the network's input. Throws Error where a score or the place of a detection is no number. */
export function decodeOutput(options: { data: Float32Array; dims: readonly number[]; image: number; facts: ModelFacts; limits: Limits }): Detection[] {
  const { data, dims, image, facts, limits } = options;
  const size = (dims[1] ?? 0) * (dims[2] ?? 0);
  const own = data.subarray(image * size, (image + 1) * size);
  const found = outputKind(dims, facts) === "raw" ? decodeRaw(own, dims[2] ?? 0, facts, limits) : decodeEndToEnd(own, dims[2] ?? 0, facts, limits);
  if (!found.every(({ box, score, keypoints }) => box.every(Number.isFinite) && Number.isFinite(score) && keypoints.every((point) => point.every(Number.isFinite)))) throw notNumbers();
  return found;
}

const notNumbers = (): Error => new Error("it gives values that are not numbers");

/** Channel by channel, since a channel's values lie together: a row of `anchors` numbers each. */
function decodeRaw(data: Float32Array, anchors: number, facts: ModelFacts, limits: Limits): Detection[] {
  const best = data.slice(4 * anchors, 5 * anchors);
  const bestClass = new Int32Array(anchors);
  for (let classId = 1; classId < facts.classes.length; classId++) {
    const row = (4 + classId) * anchors;
    for (let anchor = 0; anchor < anchors; anchor++) {
      // What is no number wins, and is seen below.
      if (data[row + anchor]! > best[anchor]! || Number.isNaN(data[row + anchor])) {
        best[anchor] = data[row + anchor]!;
        bestClass[anchor] = classId;
      }
    }
  }
  const above: number[] = [];
  for (let anchor = 0; anchor < anchors; anchor++) if (!(best[anchor]! <= limits.confidence)) above.push(anchor);
  if (above.some((anchor) => Number.isNaN(best[anchor]))) throw notNumbers();
  const candidates = bestFirst(Float32Array.from(above, (anchor) => best[anchor]!))
    .slice(0, limits.maxDetections * CANDIDATES_PER_DETECTION)
    .map((index) => above[index]!);

  const at = (channel: number, anchor: number): number => data[channel * anchors + anchor]!;
  const boxes = new Float32Array(candidates.length * 4);
  candidates.forEach((anchor, i) => {
    const halfWidth = at(2, anchor) / 2;
    const halfHeight = at(3, anchor) / 2;
    boxes.set([at(0, anchor) - halfWidth, at(1, anchor) - halfHeight, at(0, anchor) + halfWidth, at(1, anchor) + halfHeight], i * 4);
  });
  const scores = Float32Array.from(candidates, (anchor) => best[anchor]!);
  const classIds = Int32Array.from(candidates, (anchor) => bestClass[anchor]!);
  const kept = suppress({ boxes, scores, classIds, iou: limits.iou, maxDetections: limits.maxDetections });
  return kept.map((i) => ({
    box: [boxes[i * 4]!, boxes[i * 4 + 1]!, boxes[i * 4 + 2]!, boxes[i * 4 + 3]!],
    score: scores[i]!,
    classId: classIds[i]!,
    keypoints: keypointsOf((value) => at(4 + facts.classes.length + value, candidates[i]!), facts, scores[i]!),
  }));
}

function decodeEndToEnd(data: Float32Array, columns: number, facts: ModelFacts, limits: Limits): Detection[] {
  const found: Detection[] = [];
  for (let row = 0; row + columns <= data.length; row += columns) {
    const score = data[row + 4]!;
    const classId = Math.round(data[row + 5]!);
    if (Number.isNaN(score)) throw notNumbers();
    if (!(score > limits.confidence) || facts.classes[classId] === undefined) continue;
    found.push({ box: [data[row]!, data[row + 1]!, data[row + 2]!, data[row + 3]!], score, classId, keypoints: keypointsOf((value) => data[row + 6 + value]!, facts, score) });
  }
  return found.sort((a, b) => b.score - a.score).slice(0, limits.maxDetections);
}

/** A model that gives no score for its keypoints gives them that of the box. */
function keypointsOf(value: (index: number) => number, facts: ModelFacts, boxScore: number): [number, number, number][] {
  const dims = facts.keypointDims;
  return facts.keypoints.map((_, k) => [value(k * dims), value(k * dims + 1), dims === 3 ? value(k * dims + 2) : boxScore]);
}
