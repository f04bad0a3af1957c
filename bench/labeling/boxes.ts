import { iou, type Box } from "../../domain/boxes.ts";
import type { Place } from "./actions.ts";
import { LEAST_IOU, type Shape, type Target } from "./tolerance.ts";

/** The ways of bringing a box to where it belongs with a pointer, for any editor with eight handles. */

/** A handle takes the sides that it touches along. */
interface Handle {
  x: 0 | 2 | null;
  y: 1 | 3 | null;
}
const SIDES = [0, null, 2] as const;
const ENDS = [1, null, 3] as const;
export const HANDLES: readonly Handle[] = SIDES.flatMap((x) => ENDS.map((y) => ({ x, y }))).filter(({ x, y }) => x !== null || y !== null);

const middle = (box: Box, from: 0 | 1): number => (box[from] + box[from + 2]!) / 2;
const placeOn = (box: Box, { x, y }: Handle): Place => [x === null ? middle(box, 0) : box[x], y === null ? middle(box, 1) : box[y]];

export interface Pull {
  from: Place;
  to: Place;
}

/** Handles are pulled to where the true box has them. */
function pulled(box: Box, handles: readonly Handle[], target: Box): { box: Box; pulls: Pull[] } {
  let now = box;
  const pulls = handles.map((handle) => {
    const next = now.map((value, side) => (side === handle.x || side === handle.y ? target[side] : value)) as Box;
    const from = placeOn(now, handle);
    const end = placeOn(next, handle);
    now = next;
    return { from, to: [handle.x === null ? from[0] : end[0], handle.y === null ? from[1] : end[1]] as Place };
  });
  return { box: now, pulls };
}

/** The pointer goes by whole pixels of the screen: what is planned has to be a little better than what is asked. */
const AIM = LEAST_IOU + 0.015;

/** Every way of at most two pulls after which the box is right; the fewest first. */
export function pullsFor(shape: Shape, target: Target): { box: Box; pulls: Pull[] }[] {
  const single = HANDLES.map((handle) => [handle]);
  const double = HANDLES.flatMap((first) => HANDLES.filter((second) => second !== first).map((second) => [first, second]));
  return [...single, ...double].map((handles) => pulled(shape.box as Box, handles, target.box)).filter(({ box }) => box[2] - box[0] > 2 && box[3] - box[1] > 2 && comesRight(box, target));
}

/** How far the whole has to go for its middle to lie on the true one. */
export const shiftTo = (shape: Shape, target: Target): Place => [middle(target.box, 0) - middle(shape.box as Box, 0), middle(target.box, 1) - middle(shape.box as Box, 1)];

export function shifted<T extends Shape>(shape: T, [dx, dy]: Place): T {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = shape.box;
  return { ...shape, box: [x1 + dx, y1 + dy, x2 + dx, y2 + dy], keypoints: shape.keypoints.map(([x = 0, y = 0, v = 0]) => [x + dx, y + dy, v]) };
}

/** Whether this is a good place to let go. */
export const comesRight = (box: readonly number[], target: Target): boolean => iou(box as Box, target.box) >= AIM;

export const contains = ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[], [x, y]: Place, margin = 0): boolean => x >= x1 - margin && x <= x2 + margin && y >= y1 - margin && y <= y2 + margin;

export const CORNERS: readonly [0 | 2, 1 | 3][] = [
  [0, 1],
  [2, 3],
  [2, 1],
  [0, 3],
];
