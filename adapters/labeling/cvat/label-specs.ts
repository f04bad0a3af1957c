import { InputError } from "../../../domain/errors.ts";
import type { LabelingTask } from "../../../domain/labels.ts";
import { skeletonSvg } from "./skeleton-svg.ts";
import type { CvatLabel, LabelSpec } from "./wire.ts";

export const TRACK = "track";
const ENDINGS = [" box", "_box", "-box", ".box", "+box"];

type Names = Pick<LabelingTask, "classes" | "keypoints" | "skeleton">;

/**
 * With keypoints an animal is two shapes in CVAT: a skeleton, named as the class (so that CVAT's own pose formats export and import it), and a
 * rectangle of a name of its own, because in CVAT a label has one kind of shape. Without keypoints it is a rectangle, named as the class.
 */
export function boxName({ classes, keypoints }: Names, name: string): string {
  if (keypoints.length === 0) return name;
  const ending = ENDINGS.find((end) => !classes.some((other) => classes.includes(other + end)));
  if (ending === undefined) throw new InputError({ field: "classes", message: "The names of the classes leave no name for their boxes in CVAT.", whatToDo: `Make a task whose classes do not end in ${ENDINGS.join(", ")}.` });
  return name + ending;
}

/** What CVAT's project is made with. */
export function labelSpecs(task: Names): LabelSpec[] {
  const track = { name: TRACK, mutable: false, input_type: "text", default_value: "", values: [""] } as const;
  return task.classes.flatMap((name) => {
    const box: LabelSpec = { name: boxName(task, name), type: "rectangle", attributes: [{ ...track, values: [...track.values] }] };
    if (task.keypoints.length === 0) return [box];
    const skeleton: LabelSpec = { name, type: "skeleton", attributes: [], sublabels: task.keypoints.map((keypoint) => ({ name: keypoint, type: "points", attributes: [] })), svg: skeletonSvg(task) };
    return [skeleton, box];
  });
}

/** CVAT's numbers for our names, and back. */
export interface LabelMap {
  /** By class. */
  box: Map<string, { id: number; track: number }>;
  skeleton: Map<string, { id: number; elements: number[] }>;
  classOf: Map<number, { name: string; kind: "box" | "skeleton" }>;
  /** Which attribute of a box holds its track, by the box's label. */
  trackOf: Map<number, number>;
  /** Which keypoint a skeleton's element is, by its sublabel. */
  keypointOf: Map<number, number>;
  /** Any label's name. */
  nameOf: Map<number, string>;
}

/** Throws InputError where labels were taken out of the project or renamed. */
export function mapLabels(task: Names, labels: CvatLabel[]): LabelMap {
  const map: LabelMap = { box: new Map(), skeleton: new Map(), classOf: new Map(), trackOf: new Map(), keypointOf: new Map(), nameOf: new Map(labels.map(({ id, name }) => [id, name])) };
  const changed = (what: string): InputError =>
    new InputError({ field: "labeling.tool", message: `In CVAT the labels of this task were changed: ${what} is missing.`, whatToDo: "Give it its name back in CVAT's project; other labels may be added, but are not used.", status: 409 });
  const labelOf = (name: string, type: string): CvatLabel => {
    const found = labels.find((label) => label.name === name && label.type === type);
    if (found === undefined) throw changed(`the ${type} "${name}"`);
    return found;
  };
  for (const name of task.classes) {
    const box = labelOf(boxName(task, name), "rectangle");
    const track = box.attributes.find((attribute) => attribute.name === TRACK);
    if (track === undefined) throw changed(`the attribute "${TRACK}" of "${box.name}"`);
    map.box.set(name, { id: box.id, track: track.id });
    map.classOf.set(box.id, { name, kind: "box" });
    map.trackOf.set(box.id, track.id);
    if (task.keypoints.length === 0) continue;
    const skeleton = labelOf(name, "skeleton");
    const elements = task.keypoints.map((keypoint, index) => {
      const element = skeleton.sublabels.find((sublabel) => sublabel.name === keypoint);
      if (element === undefined) throw changed(`the keypoint "${keypoint}" of "${name}"`);
      map.keypointOf.set(element.id, index);
      return element.id;
    });
    map.skeleton.set(name, { id: skeleton.id, elements });
    map.classOf.set(skeleton.id, { name, kind: "skeleton" });
  }
  return map;
}
