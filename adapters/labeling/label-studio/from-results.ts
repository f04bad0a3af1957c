import { InputError } from "../../../domain/errors.ts";
import type { LabeledObject } from "../../../domain/labels.ts";
import { CONTROLS, OCCLUDED } from "./config.ts";
import { sameNumbers, toPixels, type Size } from "./geometry.ts";
import { assignOwners, type Point, type Problem } from "./owners.ts";
import type { ResultItem } from "./wire.ts";

export interface Context extends Size {
  frame: number;
  classes: string[];
  keypoints: string[];
  /** What was suggested: an object that is still the same keeps its source. */
  suggested: LabeledObject[];
  confirmed: boolean;
}

const ID = /^[0-9A-Za-z_-]{1,64}$/;

/** Label Studio's regions as our objects. Throws InputError 422 that names the frame and the region where they do not fit: nothing is left out in silence. */
export function fromResults(result: ResultItem[], context: Context): LabeledObject[] {
  const { frame, width, height } = context;
  const fail = (field: string, what: string, whatToDo: string): never => {
    throw new InputError({ field: `frames.${frame}.${field}`, message: `Frame ${frame} in Label Studio: ${what}.`, whatToDo, status: 422 });
  };
  const regions = result.filter(({ type, from_name }) => type !== "relation" && !ABOUT.includes(from_name ?? ""));
  for (const { id, type, from_name, value, image_rotation } of regions) {
    const isKnown = (type === "rectanglelabels" && from_name === CONTROLS.box) || (type === "keypointlabels" && from_name === CONTROLS.keypoint);
    if (!isKnown || id === undefined) fail("objects", `it holds something that is neither a box nor a keypoint (${from_name ?? "?"}, ${type})`, "Delete it, and draw boxes and keypoints.");
    if ((value?.rotation ?? 0) % 360 !== 0) fail(`objects.${id}.box`, `a ${value?.rectanglelabels?.[0] ?? "box"} is rotated by ${value?.rotation} degrees`, "Draw the box upright: rotated boxes cannot be learned from.");
    if ((image_rotation ?? 0) % 360 !== 0) fail("objects", `the picture is rotated by ${image_rotation} degrees`, "Turn the picture back and draw its labels anew.");
  }
  const extra = (id: string, control: string): ResultItem["value"] => result.find((item) => item.id === id && item.from_name === control)?.value;

  const boxes = regions.filter(({ from_name }) => from_name === CONTROLS.box).map(({ id = "", value = {} }) => {
    const name = named(context.classes, value.rectanglelabels);
    if (name === null) fail(`objects.${id}.class`, `a box has the class ${JSON.stringify(value.rectanglelabels ?? [])}`, `Give it one of: ${context.classes.join(", ")}.`);
    const { x = NaN, y = NaN, width: w = NaN, height: h = NaN } = value;
    const box = [toPixels(x, width), toPixels(y, height), toPixels(x + w, width), toPixels(y + h, height)];
    if (!box.every(Number.isFinite)) fail(`objects.${id}.box`, "a box is not four numbers", "Draw it anew.");
    const track = [extra(id, CONTROLS.track)?.text ?? []].flat().join(" ").trim();
    if (track.length > 64) fail(`objects.${id}.track`, "the name of an animal is longer than 64 characters", "Shorten it.");
    return { id, class: context.classes[name!]!, box, track };
  });

  const parents = parentsOf(result);
  const owner = (id: string): string | null => {
    const seen = new Set<string>();
    for (let at = parents.get(id); at !== undefined && !seen.has(at); at = parents.get(at)) {
      if (boxes.some((box) => box.id === at)) return at;
      seen.add(at);
    }
    return null;
  };
  const points = regions.filter(({ from_name }) => from_name === CONTROLS.keypoint).map(({ id = "", value = {} }): Point & { v: number } => {
    const name = named(context.keypoints, value.keypointlabels);
    if (name === null) fail(`objects.${id}.keypoints`, `a keypoint has the name ${JSON.stringify(value.keypointlabels ?? [])}`, `Give it one of: ${context.keypoints.join(", ")}.`);
    const [x, y] = [toPixels(value.x ?? NaN, width), toPixels(value.y ?? NaN, height)];
    if (!Number.isFinite(x) || !Number.isFinite(y)) fail(`objects.${id}.keypoints`, "a keypoint is not two numbers", "Draw it anew.");
    return { name: name!, x, y, v: (extra(id, CONTROLS.visibility)?.choices ?? []).includes(OCCLUDED) ? 1 : 2, owner: owner(id) };
  });
  const assigned = assignOwners(points, boxes);
  if ("problem" in assigned) {
    const { point, problem } = assigned;
    return fail("keypoints", `the keypoint "${context.keypoints[point.name]}" at ${Math.round(point.x)}, ${Math.round(point.y)} ${PROBLEMS[problem].what}`, PROBLEMS[problem].whatToDo);
  }

  const used = new Set<string>();
  return boxes.map(({ id, class: name, box, track }, i) => {
    const keypoints = context.keypoints.map(() => [0, 0, 0]);
    for (const [j, { name: index, x, y, v }] of points.entries()) if (assigned.owners[j] === id) keypoints[index] = [x, y, v];
    const ours = ID.test(id) && !used.has(id) ? id : `region-${i}`;
    used.add(ours);
    const drawn = { id: ours, class: name, box, keypoints, ...(track === "" ? {} : { track }) };
    const same = context.suggested.find((object) => object.class === name && sameNumbers(object.box, box) && samePoints(object.keypoints, keypoints));
    if (same === undefined) return { ...drawn, source: "person", confirmed: context.confirmed };
    // What nobody touched is given back to the last digit.
    return { ...drawn, box: same.box, keypoints: same.keypoints, source: same.source, confirmed: context.confirmed, ...(same.score === undefined ? {} : { score: same.score }) };
  });
}

/** Said about a region or the frame, and no region themselves. */
const ABOUT: string[] = [CONTROLS.visibility, CONTROLS.track, CONTROLS.review, CONTROLS.comment];

const PROBLEMS: Record<Problem, { what: string; whatToDo: string }> = {
  two: { what: "is the second one of its box", whatToDo: "Delete one of the two, or drag it onto its own box in the list of regions." },
  nowhere: { what: "lies in no box", whatToDo: "Drag it onto its box in the list of regions, draw that box, or delete the keypoint." },
  ambiguous: { what: "lies in more than one box", whatToDo: "Drag it onto its box in the list of regions." },
};

/** Nesting in the list of regions, or else a relation between a keypoint and its box, in either direction. */
function parentsOf(result: ResultItem[]): Map<string, string> {
  const parents = new Map<string, string>();
  const isPoint = (id: string): boolean => result.some((item) => item.id === id && item.from_name === CONTROLS.keypoint);
  for (const { type, from_id: from, to_id: to } of result) {
    if (type !== "relation" || from === undefined || to === undefined) continue;
    if (isPoint(from) && !isPoint(to)) parents.set(from, to);
    if (isPoint(to) && !isPoint(from)) parents.set(to, from);
  }
  for (const { id, parentID } of result) if (id !== undefined && parentID !== undefined) parents.set(id, parentID);
  return parents;
}

/** Which of the names a region has; null unless it is exactly one of them. The editor may trim them. */
function named(names: string[], labels: string[] = []): number | null {
  const [label] = labels;
  if (label === undefined || labels.length !== 1) return null;
  const exact = names.indexOf(label);
  const found = exact === -1 ? names.findIndex((name) => name.trim() === label.trim()) : exact;
  return found === -1 ? null : found;
}

const samePoints = (a: number[][], b: number[][]): boolean => a.length === b.length && a.every((point, i) => (point[2] === 0 ? b[i]?.[2] === 0 : sameNumbers(point, b[i] ?? [])));
