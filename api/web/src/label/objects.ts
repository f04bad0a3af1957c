import type { Box } from "../../../../domain/boxes.ts";
import type { LabeledObject } from "../../../../domain/labels.ts";

/** Edits of one animal, as pure functions: pixels of the upright frame, origin top left. Every edit counts as touched by a person. */

export interface Size {
  width: number;
  height: number;
}
export type Visibility = 0 | 1 | 2;

/** A box with a shorter side is a slip of the hand; pixels. */
export const MIN_SIDE = 2;

export const tenth = (value: number): number => Math.round(value * 10) / 10;
const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const boxOf = (object: LabeledObject): Box => object.box as Box;

/** Corners in order, inside the frame, never smaller than MIN_SIDE. */
export function fitBox(box: Box, size: Size): Box {
  const [left, right] = [Math.min(box[0], box[2]), Math.max(box[0], box[2])];
  const [top, bottom] = [Math.min(box[1], box[3]), Math.max(box[1], box[3])];
  const x1 = within(left, 0, size.width - MIN_SIDE);
  const y1 = within(top, 0, size.height - MIN_SIDE);
  return [tenth(x1), tenth(y1), tenth(within(right, x1 + MIN_SIDE, size.width)), tenth(within(bottom, y1 + MIN_SIDE, size.height))];
}

const point = (x: number, y: number, v: number, size: Size): [number, number, number] => [tenth(within(x, 0, size.width)), tenth(within(y, 0, size.height)), v];

const touched = (object: LabeledObject, change: Partial<LabeledObject>): LabeledObject => ({ ...object, ...change, confirmed: true });

/** The box and its keypoints, stopped at the frame's border. */
export function moveObject(object: LabeledObject, dx: number, dy: number, size: Size): LabeledObject {
  const [x1, y1, x2, y2] = boxOf(object);
  const mx = within(dx, -x1, size.width - x2);
  const my = within(dy, -y1, size.height - y2);
  return touched(object, {
    box: [tenth(x1 + mx), tenth(y1 + my), tenth(x2 + mx), tenth(y2 + my)],
    keypoints: object.keypoints.map(([x = 0, y = 0, v = 0]) => point(x + mx, y + my, v, size)),
  });
}

export function resizeObject(object: LabeledObject, box: Box, size: Size): LabeledObject {
  return touched(object, { box: fitBox(box, size) });
}

export function placeKeypoint(object: LabeledObject, index: number, x: number, y: number, v: Visibility, size: Size): LabeledObject {
  return touched(object, { keypoints: object.keypoints.map((old, i) => (i === index ? point(x, y, v, size) : old)) });
}

/** visible, occluded, absent, and round again */
export function turnVisibility(object: LabeledObject, index: number): LabeledObject {
  return touched(object, { keypoints: object.keypoints.map(([x = 0, y = 0, v = 0], i) => (i === index ? [x, y, v === 0 ? 2 : v - 1] : [x, y, v])) });
}

export const setClass = (object: LabeledObject, name: string): LabeledObject => touched(object, { class: name });

/** Where an animal has no keypoint yet, they all lie absent in the middle of its box. */
export function newObject(options: { box: Box; className: string; keypoints: number; size: Size; track?: string | null; id?: string }): LabeledObject {
  const box = fitBox(options.box, options.size);
  return { id: options.id ?? randomId(), class: options.className, box, keypoints: noKeypoints(box, options.keypoints), ...(options.track == null ? {} : { track: options.track }), source: "person", confirmed: true };
}

/** So many absent keypoints, in the middle of the box. */
export const noKeypoints = ([x1, y1, x2, y2]: Box, count: number): number[][] => Array.from({ length: count }, () => [tenth((x1 + x2) / 2), tenth((y1 + y2) / 2), 0]);

/** What an animal is called beside its box and in the list: its identity, else its place in the list. */
export const titleOf = (object: LabeledObject, index: number): string => `${object.track === undefined ? index + 1 : `#${object.track}`} ${object.class}`;

export const keypointsPlaced = (object: LabeledObject): number => object.keypoints.filter((keypoint) => (keypoint[2] ?? 0) > 0).length;

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";
/** Not crypto.randomUUID: browsers have that on https and localhost only. */
export const randomId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => LETTERS[byte % LETTERS.length]).join("");
