import { iou, type Box } from "../../../../domain/boxes.ts";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { boxOf, randomId, tenth } from "./objects.ts";

/** The animal between two of its places: `share` 0 is `a`, 1 is `b`. A keypoint that is absent in one of them is absent. Nobody has confirmed it yet. */
export function between(a: LabeledObject, b: LabeledObject, share: number): LabeledObject {
  const mix = (from: number | undefined, to: number | undefined): number => tenth((from ?? 0) + ((to ?? 0) - (from ?? 0)) * share);
  const keypoints = a.keypoints.map(([x, y, v = 0], i) => {
    const [u, w, other = 0] = b.keypoints[i] ?? [];
    return [mix(x, u), mix(y, w), Math.min(v, other)];
  });
  return { id: randomId(), class: a.class, box: boxOf(a).map((value, i) => mix(value, b.box[i])), keypoints, ...(a.track === undefined ? {} : { track: a.track }), source: "person", confirmed: false };
}

/** Overlap from which an unconfirmed box is the same animal. */
const SAME = 0.3;

/** Puts the animal into a frame: in the place of what is there of it and nobody has confirmed. null where a person has drawn it already. */
export function putBetween(objects: readonly LabeledObject[], animal: LabeledObject): LabeledObject[] | null {
  if (objects.some((object) => object.track === animal.track && object.confirmed)) return null;
  const overlap = (object: LabeledObject): number => (object.confirmed || (object.track !== undefined && object.track !== animal.track) ? 0 : iou(boxOf(object), animal.box as Box));
  const [nearest] = objects.filter((object) => object.track === animal.track || overlap(object) >= SAME).toSorted((x, y) => overlap(y) - overlap(x));
  if (nearest === undefined) return [...objects, animal];
  return objects.filter((object) => object === nearest || object.track !== animal.track).map((object) => (object === nearest ? { ...animal, id: object.id } : object));
}
