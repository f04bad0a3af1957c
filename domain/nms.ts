/** Non-maximum suppression on typed arrays: boxes lie in one flat array, x1 y1 x2 y2 each. */

/** Intersection over union of boxes i and j; 0 where one has no area. */
export function iouOf(boxes: Float32Array | Float64Array, i: number, j: number): number {
  const a = i * 4;
  const b = j * 4;
  const width = Math.min(boxes[a + 2]!, boxes[b + 2]!) - Math.max(boxes[a]!, boxes[b]!);
  const height = Math.min(boxes[a + 3]!, boxes[b + 3]!) - Math.max(boxes[a + 1]!, boxes[b + 1]!);
  if (width <= 0 || height <= 0) return 0;
  const overlap = width * height;
  const areaA = (boxes[a + 2]! - boxes[a]!) * (boxes[a + 3]! - boxes[a + 1]!);
  const areaB = (boxes[b + 2]! - boxes[b]!) * (boxes[b + 3]! - boxes[b + 1]!);
  return overlap / (areaA + areaB - overlap);
}

/**
 * Greedy and class-aware: a box is dropped when a better one of its class covers it by more than `iou`.
 * Gives the kept indices, best score first; ties by index, so that the result is always the same.
 */
export function suppress(options: { boxes: Float32Array | Float64Array; scores: Float32Array | Float64Array; classIds: Int32Array; iou: number; maxDetections: number }): number[] {
  const { boxes, scores, classIds, iou, maxDetections } = options;
  const order = bestFirst(scores);
  const kept: number[] = [];
  for (const candidate of order) {
    if (kept.length >= maxDetections) break;
    if (!kept.some((better) => classIds[better] === classIds[candidate] && iouOf(boxes, better, candidate) > iou)) kept.push(candidate);
  }
  return kept;
}

/** Indices by falling score; ties by index. */
export function bestFirst(scores: Float32Array | Float64Array): number[] {
  return Array.from(scores.keys()).sort((i, j) => scores[j]! - scores[i]! || i - j);
}
