import { iou, type Box } from "../../../../domain/boxes.ts";
import { assign } from "../../../../domain/assignment.ts";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { align, type Alignment, type Grey } from "./align.ts";
import { boxOf, fitBox, keypointsPlaced, noKeypoints, randomId, tenth, type Size } from "./objects.ts";
import { withTrack } from "./identities.ts";

/**
 * The animals of the frame before, found again in this one: where each lies and how it is turned is looked up in the two pictures.
 * So identity and pose need not be drawn anew, and what moved is not copied to where it no longer is.
 */

/** Below this correlation the animal has changed too much: its pose is left to be placed. */
const SURE = 0.9;
/** Turned by less than this (radians), the animal's box keeps its sides. */
const SLIGHT = 0.15;
/** Farther than this many box diagonals, a pre-label is another animal. */
const FAR = 1.5;

export interface Pictures {
  from: Grey;
  to: Grey;
  /** Pixels of these per pixel of the labels: pictures may be smaller. */
  scale: number;
}

export interface CarryOptions {
  from: readonly LabeledObject[];
  into: readonly LabeledObject[];
  size: Size;
  numAnimals: number | null;
  /** null: they could not be read; then everything stays where it was. */
  pictures: Pictures | null;
  /** Called between animals: a page that hangs is worse than a wait. False ends it. */
  pause?: () => Promise<boolean>;
}

/** Gives the new objects of the frame, none of them confirmed but those that were; null where it was ended. */
export async function carryOver(options: CarryOptions): Promise<LabeledObject[] | null> {
  const { into, numAnimals } = options;
  const kept = into.filter((object) => object.confirmed);
  const open = into.filter((object) => !object.confirmed);
  // An animal that a person has already drawn here is not drawn twice.
  const sources = options.from.filter((source) => !kept.some((object) => (source.track !== undefined && object.track === source.track) || iou(boxOf(object), boxOf(source)) >= 0.5));
  const match = assign(sources.map((source) => open.map((object) => distance(boxOf(source), boxOf(object)))), FAR);
  const carried: LabeledObject[] = [];
  for (const [i, source] of sources.entries()) {
    const target = open[match[i] ?? -1] ?? null;
    carried.push(await carriedAnimal(source, target, options));
    if (options.pause !== undefined && !(await options.pause())) return null;
  }
  const rest = open.filter((_, i) => !match.includes(i));
  // With the number of animals known, pre-labels beyond it are false ones.
  const room = numAnimals === null ? rest.length : Math.max(0, numAnimals - kept.length - carried.length);
  const surest = rest.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0)).slice(0, room);
  return [...kept, ...carried, ...rest.filter((object) => surest.includes(object))];
}

async function carriedAnimal(source: LabeledObject, target: LabeledObject | null, options: CarryOptions): Promise<LabeledObject> {
  const { score: _score, track: _track, ...old } = source;
  // A pre-label that brings its own pose knows better than the frame before.
  if (target !== null && keypointsPlaced(target) > 0) return withTrack({ ...target, class: source.class }, source.track);
  const found = look(source, target, options);
  if (found === null) {
    if (target !== null) return withTrack({ ...target, class: source.class, keypoints: noKeypoints(boxOf(target), source.keypoints.length) }, source.track);
    return withTrack({ ...old, id: randomId(), source: "person", confirmed: false }, source.track);
  }
  const moved = placed(source, found, options.size);
  const box = target === null || Math.abs(found.angle) < SLIGHT ? moved.box : target.box;
  return withTrack({ ...old, id: target?.id ?? randomId(), box, keypoints: moved.keypoints, source: "person", confirmed: false }, source.track);
}

/** Where the source lies in this frame's picture; null where it is not found surely. Without pictures it lies where it lay, unless a pre-label says otherwise. */
function look(source: LabeledObject, target: LabeledObject | null, { pictures }: CarryOptions): Alignment | null {
  if (pictures === null) return target === null || iou(boxOf(source), boxOf(target)) > 0.7 ? { dx: 0, dy: 0, angle: 0, score: 1 } : null;
  const s = pictures.scale;
  const box = boxOf(source).map((value) => value * s) as Box;
  const [x1, y1, x2, y2] = boxOf(target ?? source);
  const found = align({ from: pictures.from, to: pictures.to, box, near: [((x1 + x2) / 2) * s, ((y1 + y2) / 2) * s], reach: 0.25 });
  return found.score < SURE ? null : { ...found, dx: found.dx / s, dy: found.dy / s };
}

/** The animal turned around its box's centre and moved. Keypoints that leave the frame are absent. */
function placed(source: LabeledObject, { dx, dy, angle }: Alignment, size: Size): { box: Box; keypoints: number[][] } {
  const [x1, y1, x2, y2] = boxOf(source);
  const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const keypoints = source.keypoints.map(([x = 0, y = 0, v = 0]) => {
    const [u, w] = [cx + dx + (x - cx) * cos - (y - cy) * sin, cy + dy + (x - cx) * sin + (y - cy) * cos];
    const isInside = u >= 0 && w >= 0 && u <= size.width && w <= size.height;
    return isInside ? [tenth(u), tenth(w), v] : [tenth(cx), tenth(cy), 0];
  });
  return { box: fitBox([x1 + dx, y1 + dy, x2 + dx, y2 + dy], size), keypoints };
}

/** Between the centres, in diagonals of the larger box. */
function distance(a: Box, b: Box): number {
  const size = Math.max(Math.hypot(a[2] - a[0], a[3] - a[1]), Math.hypot(b[2] - b[0], b[3] - b[1]));
  return Math.hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2) / size;
}
