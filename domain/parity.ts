import { iou } from "./boxes.ts";
import type { Detection } from "./detections.ts";
import type { Precision } from "./model-facts.ts";
import type { Parity } from "./steps.ts";

/** Do two runtimes see the same in the same pixels? Before a model serves, what it was exported from and where it will run must agree. */

/** Pixels of the network's input, and score: how far apart the same object may be. */
export interface Tolerance {
  pixels: number;
  score: number;
}

export const PARITY_TOLERANCE: Tolerance = { pixels: 1, score: 0.01 };
/** Of a model in 8 bit: single scores differ by this much where the accuracy on labeled frames is the same (docs/bench.md). */
const INT8_TOLERANCE: Tolerance = { pixels: 3, score: 0.15 };
/** Points of mAP50-95 that a model may lose in 8 bit. A validation set of ten frames moves by half a point for one box. */
const INT8_POINTS = 1;

export const toleranceOf = (precision: Precision = "float32"): Tolerance => (precision === "int8" ? INT8_TOLERANCE : PARITY_TOLERANCE);
/** Two boxes are of the same object where they overlap by more than this. */
const SAME_OBJECT_IOU = 0.5;

/** One image's detections on both sides, down to `confidence` less the tolerance of scores. */
export interface ParityPair {
  ours: Detection[];
  theirs: Detection[];
}

/**
 * Pairs of one class are matched by IoU, best first; those that both sides have below the threshold do not count.
 * `unmatched`: objects without a counterpart. One that is within the tolerance of the threshold may be missing on the other side;
 * one with a value that is no number has no counterpart.
 */
export function compareDetections({ pairs, confidence, tolerance = PARITY_TOLERANCE }: { pairs: ParityPair[]; confidence: number; tolerance?: Tolerance }): Parity {
  const parity: Parity = { images: pairs.length, objects: 0, max_box_px: 0, max_score: 0, max_keypoint_px: 0, unmatched: 0 };
  for (const { ours, theirs } of pairs) {
    const left = { ours: new Set(ours), theirs: new Set(theirs) };
    for (const { a, b } of overlaps(ours, theirs)) {
      if (!left.ours.has(a) || !left.theirs.has(b)) continue;
      left.ours.delete(a);
      left.theirs.delete(b);
      if (Math.max(a.score, b.score) < confidence) continue;
      parity.objects += 1;
      parity.max_box_px = Math.max(parity.max_box_px, ...a.box.map((value, i) => Math.abs(value - b.box[i]!)));
      parity.max_score = Math.max(parity.max_score, Math.abs(a.score - b.score), ...a.keypoints.map((point, i) => Math.abs(point[2] - b.keypoints[i]![2])));
      parity.max_keypoint_px = Math.max(parity.max_keypoint_px, ...a.keypoints.flatMap((point, i) => [Math.abs(point[0] - b.keypoints[i]![0]), Math.abs(point[1] - b.keypoints[i]![1])]));
    }
    // Said the other way round, so that a score which is no number counts.
    parity.unmatched += [...left.ours, ...left.theirs].filter((object) => !(isSound(object) && object.score <= confidence + tolerance.score)).length;
  }
  for (const key of ["max_box_px", "max_score", "max_keypoint_px"] as const) parity[key] = Math.round(parity[key] * 1e6) / 1e6;
  return parity;
}

/** Objects of both sides that may be the same, the best overlap first. */
function overlaps(ours: Detection[], theirs: Detection[]): { a: Detection; b: Detection }[] {
  const found = ours.flatMap((a) => theirs.filter((b) => canBeSame(a, b)).map((b) => ({ a, b, overlap: iou(a.box, b.box) })));
  return found.filter(({ overlap }) => overlap > SAME_OBJECT_IOU).toSorted((one, other) => other.overlap - one.overlap);
}

const canBeSame = (a: Detection, b: Detection): boolean => a.classId === b.classId && a.keypoints.length === b.keypoints.length && isSound(a) && isSound(b);
const isSound = ({ box, score, keypoints }: Detection): boolean => [...box, score, ...keypoints.flat()].every(Number.isFinite);

/** Whether the two sides agree. Without an image nothing was compared, and nothing is known. */
export function parityHolds({ images, max_box_px: box, max_keypoint_px: keypoint, max_score: score, unmatched }: Parity, { pixels, score: most }: Tolerance = PARITY_TOLERANCE): boolean {
  return images > 0 && box <= pixels && keypoint <= pixels && score <= most && unmatched === 0;
}

/** Whether a model in 8 bit may stand for the one that it was made of. `pointsLost`: of mAP50-95 on the validation frames. */
export const int8Holds = (parity: Parity, pointsLost: number): boolean => parityHolds(parity, INT8_TOLERANCE) && pointsLost <= INT8_POINTS;

/** The figures in one sentence, for people. */
export function describeParity({ images, objects, max_box_px: box, max_keypoint_px: keypoint, max_score: score, unmatched }: Parity): string {
  return `over ${images} images with ${objects} objects a box differs by up to ${box} px, a keypoint by ${keypoint} px, a score by ${score}, and ${unmatched} objects have no counterpart`;
}
