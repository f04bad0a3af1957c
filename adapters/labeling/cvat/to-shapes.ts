import type { LabeledObject } from "../../../domain/labels.ts";
import type { LabelMap } from "./label-specs.ts";
import { templatePosition } from "./skeleton-svg.ts";
import type { LabeledShape, SkeletonElement } from "./wire.ts";

/** Shapes as they are sent: CVAT numbers them itself. */
export type NewShape = Omit<LabeledShape, "id">;

/** Our objects as CVAT's shapes; `frame` is the index into the CVAT task's frames. A box and its skeleton share a group. */
export function toShapes(frames: { frame: number; objects: LabeledObject[] }[], labels: LabelMap): NewShape[] {
  let group = 0;
  return frames.flatMap(({ frame, objects }) =>
    objects.flatMap((object) => {
      const hasKeypoints = object.keypoints.some(([, , v]) => v !== 0);
      const common = { frame, group: hasKeypoints ? ++group : 0, source: object.source === "person" ? "manual" : "auto", rotation: 0, occluded: false, outside: false };
      const box = labels.box.get(object.class);
      if (box === undefined) return [];
      const rectangle: NewShape = { ...common, type: "rectangle", label_id: box.id, points: object.box, attributes: object.track === undefined ? [] : [{ spec_id: box.track, value: object.track }], elements: [] };
      const skeleton = labels.skeleton.get(object.class);
      // A skeleton without one point that can be seen would be invisible in CVAT, and could not be corrected.
      if (skeleton === undefined || !hasKeypoints) return [rectangle];
      const elements = skeleton.elements.map((id, index): SkeletonElement => ({ ...positionOf(object, index), type: "points", frame, label_id: id, rotation: 0, attributes: [], source: common.source }));
      return [rectangle, { ...common, type: "skeleton", label_id: skeleton.id, points: [], attributes: [], elements }];
    }),
  );
}

/** v 2: visible, 1: occluded, 0: outside, where it waits at its place in the template to be switched on. */
function positionOf({ keypoints, box }: LabeledObject, index: number): { points: number[]; occluded: boolean; outside: boolean } {
  const [x = 0, y = 0, v = 0] = keypoints[index] ?? [];
  if (v !== 0) return { points: [x, y], occluded: v === 1, outside: false };
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
  const place = templatePosition(index, keypoints.length);
  return { points: [x1 + (x2 - x1) * place.x, y1 + (y2 - y1) * place.y], occluded: false, outside: true };
}
