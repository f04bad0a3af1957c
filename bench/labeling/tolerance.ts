import { diagonal, iou, type Box } from "../../domain/boxes.ts";
import type { LabeledObject } from "../../domain/labels.ts";
import type { Truth } from "../../domain/result.ts";
import type { Place } from "./actions.ts";

/** When labels count as right. Both editors are held to it. */
export const LEAST_IOU = 0.9;
/** Of the diagonal of the animal's box. */
export const KEYPOINT_SHARE = 0.05;
export const TOLERANCE = `right: box IoU >= ${LEAST_IOU}, each visible keypoint within ${KEYPOINT_SHARE} of the box's diagonal and marked visible, hidden ones absent or marked occluded, no animal missing or too many`;

/** Where an animal truly is. */
export interface Target {
  box: Box;
  keypoints: { at: Place; visible: boolean; inFrame: boolean }[];
  /** Pixels by which a keypoint may be off. */
  reach: number;
}

/** What both editors' labels have. */
export type Shape = Pick<LabeledObject, "box" | "keypoints">;

const within = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);

/** The animals of one frame, their boxes cut at the picture's border. */
export function targetsOf(truth: Truth, frame: number): Target[] {
  const { width, height } = truth;
  const animals = truth.labels.find((label) => label.frame === frame)?.animals ?? [];
  return animals.map(({ box: [x1, y1, x2, y2], keypoints }) => {
    const box: Box = [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
    return {
      box,
      reach: KEYPOINT_SHARE * diagonal(box),
      keypoints: keypoints.map(([x, y, visible]) => {
        const inFrame = x >= 0 && y >= 0 && x <= width && y <= height;
        return { at: [x, y], visible: visible > 0 && inFrame, inFrame };
      }),
    };
  });
}

export const boxIsRight = ({ box }: Shape, target: Target): boolean => iou(box as Box, target.box) >= LEAST_IOU;

export function keypointIsRight(shape: Shape, target: Target, index: number): boolean {
  const [x = 0, y = 0, v = 0] = shape.keypoints[index] ?? [];
  const wanted = target.keypoints[index];
  if (wanted === undefined) return v === 0;
  const near = Math.hypot(x - wanted.at[0], y - wanted.at[1]) <= target.reach;
  return wanted.visible ? v === 2 && near : v === 0 || (v === 1 && near);
}

export const keypointsAreRight = (shape: Shape, target: Target): boolean => target.keypoints.every((_, index) => keypointIsRight(shape, target, index));

/** What is wrong in a frame, in words; empty where it is right. */
export function faultsOf(shapes: readonly Shape[], targets: readonly Target[]): string[] {
  if (shapes.length !== targets.length) return [`${shapes.length} animals are drawn instead of ${targets.length}`];
  const free = new Set(shapes);
  return targets.flatMap((target, n) => {
    const best = [...free].toSorted((a, b) => iou(b.box as Box, target.box) - iou(a.box as Box, target.box))[0];
    if (best === undefined) return [`animal ${n + 1} is missing`];
    free.delete(best);
    const wrong = target.keypoints.flatMap((_, index) => (keypointIsRight(best, target, index) ? [] : [index]));
    return [...(boxIsRight(best, target) ? [] : [`animal ${n + 1}: the box has IoU ${iou(best.box as Box, target.box).toFixed(2)}`]), ...wrong.map((index) => `animal ${n + 1}: keypoint ${index} is ${best.keypoints[index]?.join(", ")} instead of ${target.keypoints[index]?.at.join(", ")}`)];
  });
}
