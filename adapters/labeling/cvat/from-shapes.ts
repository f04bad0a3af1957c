import type { LabeledObject } from "../../../domain/labels.ts";
import type { FlatShape } from "./flatten.ts";
import type { LabelMap } from "./label-specs.ts";
import { pair, type Pairable } from "./pair.ts";

/** An object as it stands in CVAT, not yet compared with the pre-labels. */
export type DrawnObject = Pick<LabeledObject, "id" | "class" | "box" | "keypoints" | "track"> & {
  /** A person made at least one of its shapes from nothing. */
  byHand: boolean;
};

export interface FrameContext {
  width: number;
  height: number;
  keypoints: number;
  labels: LabelMap;
  /** Makes the error that names the frame. */
  problem: (message: string, whatToDo: string) => Error;
}

interface Part extends Pairable {
  shape: FlatShape;
}

/** The shapes of one frame as objects. Throws where something is drawn that our labels cannot hold. */
export function fromShapes(shapes: FlatShape[], context: FrameContext): DrawnObject[] {
  const { labels, problem } = context;
  const boxes: (Part & { box: number[] })[] = [];
  const skeletons: (Part & { keypoints: number[][] })[] = [];
  for (const shape of shapes) {
    const found = labels.classOf.get(shape.labelId);
    const name = labels.nameOf.get(shape.labelId) ?? "";
    if (found === undefined) throw problem(`a shape has the label "${name}", which this task does not have.`, "Give it one of the task's labels or delete it.");
    if (shape.type !== (found.kind === "box" ? "rectangle" : "skeleton")) throw problem(`a "${name}" is drawn as a ${shape.type}.`, `Draw it as a ${found.kind === "box" ? "rectangle" : "skeleton"}.`);
    if (Math.abs(shape.rotation % 360) > 1e-6) throw problem(`a box of "${name}" is rotated by ${Math.round(shape.rotation)} degrees.`, "Draw it upright: boxes cannot be rotated here.");
    const part = { shape, class: found.name, group: shape.group };
    if (found.kind === "box") boxes.push({ ...part, box: clip(shape.points, context, name) });
    else skeletons.push({ ...part, keypoints: keypointsOf(shape, context) });
  }

  const { pairs, unclear, mixed } = pair(boxes, skeletons);
  if (mixed.length > 0) throw problem(`a skeleton of "${mixed[0]!.class}" is grouped with a box of another class.`, "Give both the same class, or take them out of the group (G, then Shift+G).");
  if (unclear.length > 0) throw problem(`${unclear.length} of the skeletons could belong to more than one box, or two to the same.`, "Group each box with its skeleton (select both, then G).");
  return pairs.map(({ box, skeleton }) => {
    const parts = [box, skeleton].filter((part) => part !== null);
    const track = box === null ? "" : trackOf(box.shape, labels);
    const passing = parts.find(({ shape }) => shape.isTrack);
    const identity = track !== "" ? track : passing?.shape.key;
    return {
      id: `cvat-${parts[0]!.shape.key}`,
      class: parts[0]!.class,
      box: box?.box ?? around(skeleton!.keypoints, context, skeleton!.class),
      keypoints: skeleton?.keypoints ?? Array.from({ length: context.keypoints }, () => [0, 0, 0]),
      byHand: parts.some(({ shape }) => shape.source === "manual"),
      ...(identity === undefined ? {} : { track: identity }),
    };
  });
}

function trackOf({ attributes, labelId }: FlatShape, labels: LabelMap): string {
  const id = labels.trackOf.get(labelId);
  return attributes.find(({ spec_id }) => spec_id === id)?.value.trim().slice(0, 64) ?? "";
}

/** In CVAT shapes may reach over the border; what lies beyond it cannot be seen. */
function clip(points: number[], { width, height, problem }: FrameContext, name: string): number[] {
  const [xa = 0, ya = 0, xb = 0, yb = 0] = points;
  const within = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
  const box = [within(Math.min(xa, xb), width), within(Math.min(ya, yb), height), within(Math.max(xa, xb), width), within(Math.max(ya, yb), height)];
  if (!(box[2]! > box[0]! && box[3]! > box[1]!)) throw problem(`a box of "${name}" has no size, or lies outside of the frame.`, "Draw it anew or delete it.");
  return box;
}

function keypointsOf({ elements }: FlatShape, { width, height, labels, keypoints }: FrameContext): number[][] {
  const found: number[][] = Array.from({ length: keypoints }, () => [0, 0, 0]);
  for (const { labelId, points, occluded, outside } of elements) {
    const index = labels.keypointOf.get(labelId);
    const [x = -1, y = -1] = points;
    // Outside of the frame is absent, whatever the switch says.
    if (index === undefined || outside || x < 0 || y < 0 || x > width || y > height) continue;
    found[index] = [x, y, occluded ? 1 : 2];
  }
  return found;
}

/** The box of a skeleton that stands alone: around its points, as CVAT's own pose format has it. */
function around(keypoints: number[][], context: FrameContext, name: string): number[] {
  const placed = keypoints.filter(([, , v]) => v !== 0);
  if (placed.length === 0) throw context.problem(`a skeleton of "${name}" lies outside of the frame.`, "Move it into the frame or delete it.");
  const [xs, ys] = [placed.map(([x = 0]) => x), placed.map(([, y = 0]) => y)];
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  if (!(box[2]! > box[0]! && box[3]! > box[1]!)) throw context.problem(`a skeleton of "${name}" has no box, and its points are too few to make one.`, "Draw a box around the animal.");
  return box;
}
