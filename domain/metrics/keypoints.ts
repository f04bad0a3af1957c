import { diagonal, iou, type Box } from "../boxes.ts";

export interface PoseFrame {
  /** Keypoints in the truth's order; null where the result has no such keypoint. */
  found: { box: Box; score: number; keypoints: ([number, number] | null)[] }[];
  /** x, y, visible 0 | 1 */
  truth: { box: Box; keypoints: [number, number, number][] }[];
}

/**
 * PCK: the share of all visible true keypoints that were found within `within` box diagonals of their place.
 * Animals are matched by IoU >= 0.5, best score first; all keypoints of an animal that was missed are missed.
 * null where no true keypoint is visible.
 */
export function keypointAccuracy(frames: PoseFrame[], within = 0.1): number | null {
  let wanted = 0;
  let hit = 0;
  for (const { found, truth } of frames) {
    const partner: PoseFrame["found"][number][] = [];
    for (const animal of found.toSorted((a, b) => b.score - a.score)) {
      let best = -1;
      let overlap = 0.5;
      for (const [t, { box }] of truth.entries()) {
        const value = iou(animal.box, box);
        if (partner[t] !== undefined || value < overlap) continue;
        best = t;
        overlap = value;
      }
      if (best >= 0) partner[best] = animal;
    }
    for (const [t, { box, keypoints }] of truth.entries()) {
      for (const [k, [x, y, visible]] of keypoints.entries()) {
        if (visible === 0) continue;
        wanted += 1;
        const point = partner[t]?.keypoints[k];
        if (point !== null && point !== undefined && Math.hypot(point[0] - x, point[1] - y) <= within * diagonal(box)) hit += 1;
      }
    }
  }
  return wanted === 0 ? null : hit / wanted;
}
