import { diagonal, iou, type Box } from "../boxes.ts";
import type { Detection } from "../detections.ts";

type Keypoint = [number, number, number];

/** Below this a keypoint's place says nothing. */
const KEYPOINT_SEEN = 0.3;
/** Spread of a keypoint from one frame to the next, in box diagonals. */
const KEYPOINT_SPREAD = 0.2;

/** Where a track is expected: its last box and keypoints, moved. */
export interface Expectation {
  box: Box;
  keypoints: Keypoint[];
  classId: number;
  /** How far away (centre to centre, in box diagonals) it may have got. */
  reach: number;
}

/** 0 the same place and pose .. 1 as far as can be; Infinity where it cannot be the same animal. */
export function costOf(track: Expectation, detection: Detection): number {
  if (track.classId !== detection.classId) return Infinity;
  const size = Math.max(1e-6, (diagonal(track.box) + diagonal(detection.box)) / 2);
  const far = centreDistance(track.box, detection.box) / size;
  if (far > track.reach) return Infinity;
  const place = 0.7 * (1 - iou(track.box, detection.box)) + 0.3 * (far / track.reach);
  const pose = keypointSimilarity(track.keypoints, detection.keypoints, size);
  return pose === null ? place : 0.5 * place + 0.5 * (1 - pose);
}

/** As COCO's OKS, with one spread for all keypoints; null where no keypoint is seen in both. */
export function keypointSimilarity(a: Keypoint[], b: Keypoint[], size: number): number | null {
  let sum = 0;
  let count = 0;
  for (const [k, [x, y, score]] of a.entries()) {
    const other = b[k];
    if (other === undefined || score < KEYPOINT_SEEN || other[2] < KEYPOINT_SEEN) continue;
    sum += Math.exp(-((x - other[0]) ** 2 + (y - other[1]) ** 2) / (2 * (KEYPOINT_SPREAD * size) ** 2));
    count += 1;
  }
  return count === 0 ? null : sum / count;
}

/**
 * Detections that show an animal that a better detection of the frame shows too: much the same box and, where there are keypoints, the same pose.
 * Two animals that lie on each other have the same box but not the same pose.
 */
export function duplicates(detections: Detection[]): boolean[] {
  return detections.map((one) =>
    detections.some((better) => {
      if (better.classId !== one.classId || better.score <= one.score || iou(better.box, one.box) < 0.55) return false;
      return (keypointSimilarity(better.keypoints, one.keypoints, diagonal(better.box)) ?? 0) > 0.6;
    }),
  );
}

export function centre(box: Box): [number, number] {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

export function centreDistance(a: Box, b: Box): number {
  const [ax, ay] = centre(a);
  const [bx, by] = centre(b);
  return Math.hypot(ax - bx, ay - by);
}
