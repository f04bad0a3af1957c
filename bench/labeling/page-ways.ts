import type { LabeledObject } from "../../domain/labels.ts";
import { click, drag, key, times, type Place, type Purpose, type Step } from "./actions.ts";
import { comesRight, contains, CORNERS, pullsFor, shifted, shiftTo } from "./boxes.ts";
import { boxIsRight, keypointIsRight, keypointsAreRight, type Target } from "./tolerance.ts";

/**
 * What the labeling page offers to make one animal right: each way with its steps and what it leaves behind.
 * A new command of the page becomes a new way here; where only the page knows what comes out, a new start in page-starts.ts.
 */

/** What a person sees before the next step. */
export interface Scene {
  objects: readonly LabeledObject[];
  selected: string | null;
  /** The page asks for keypoints of the selected animal. */
  placing: boolean;
  /** Screen pixels per picture pixel. */
  scale: number;
}

export interface Way {
  name: string;
  steps: Step[];
  after: Scene;
}

/** Screen pixels around a dot or a handle that belong to it. */
const REACH = 12;
/** Screen pixels; a shorter drag of an animal or a dot counts as a click. */
const LEAST_DRAG = 5;
/** A new object has an id that only the page knows; the plan calls it this until it is looked at. */
const drawnId = (scene: Scene): string => {
  const taken = new Set(scene.objects.map(({ id }) => id));
  let n = 1;
  while (taken.has(`drawn-${n}`)) n += 1;
  return `drawn-${n}`;
};

const indexOf = (scene: Scene, id: string | null): number => scene.objects.findIndex((object) => object.id === id);
const put = (scene: Scene, object: LabeledObject): LabeledObject[] => scene.objects.map((old) => (old.id === object.id ? object : old));
const dots = (object: LabeledObject): Place[] => object.keypoints.flatMap(([x = 0, y = 0, v = 0]) => (v > 0 ? [[x, y] as Place] : []));
const far = (at: Place, places: readonly Place[], reach: number): boolean => places.every(([x, y]) => Math.hypot(x - at[0], y - at[1]) > reach);

/** E and Q go round; from nothing E starts at the first and Q at the last. */
export function select(scene: Scene, id: string, why: Purpose = "select"): Step[] {
  if (scene.selected === id) return scene.placing ? [key(why, "Escape")] : [];
  const count = scene.objects.length;
  const [from, to] = [indexOf(scene, scene.selected), indexOf(scene, id)];
  const ahead = from < 0 ? to + 1 : (to - from + count) % count;
  const back = from < 0 ? count - to : (from - to + count) % count;
  return ahead <= back ? times(ahead, key(why, "e")) : times(back, key(why, "q"));
}

export function remove(scene: Scene, id: string): Way {
  return { name: "delete", steps: [...(scene.selected === id ? [] : select(scene, id)), key("delete", "x")], after: { ...scene, objects: scene.objects.filter((object) => object.id !== id), selected: null, placing: false } };
}

/** From a corner on empty ground, or after B from anywhere. The keypoints are asked for next. */
export function draw(scene: Scene, target: Target, className: string): Way {
  const { box } = target;
  const reach = REACH / scene.scale;
  const isFree = (place: Place): boolean => scene.objects.every((object) => !contains(object.box, place, reach) && far(place, dots(object), reach));
  const free = CORNERS.find(([x, y]) => isFree([box[x], box[y]]));
  const [x, y] = free ?? [0, 1];
  const pull = drag("box", [box[x], box[y]], [box[2 - x]!, box[4 - y]!]);
  const steps = free === undefined ? [key("box", "b"), pull] : [...(scene.placing ? [key("box", "Escape")] : []), pull];
  const middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 0];
  const object: LabeledObject = { id: drawnId(scene), class: className, box: [...box], keypoints: target.keypoints.map(() => middle), source: "person", confirmed: true };
  return { name: "draw", steps, after: { ...scene, objects: [...scene.objects, object], selected: object.id, placing: target.keypoints.length > 0 } };
}

/** Ways to a right box. Drawing the animal anew is always one: its keypoints may be past mending. */
export function boxWays(scene: Scene, object: LabeledObject, target: Target): Way[] {
  const gone = remove(scene, object.id);
  const anew = draw(gone.after, target, object.class);
  const ways: Way[] = [{ name: "draw anew", steps: [...gone.steps, ...anew.steps], after: anew.after }];
  if (boxIsRight(object, target)) return [{ name: "keep the box", steps: [], after: scene }, ...ways];
  for (const { box, pulls } of pullsFor(object, target).slice(0, 12)) {
    const after = { ...scene, objects: put(scene, { ...object, box: [...box] }), selected: object.id, placing: false };
    ways.push({ name: `pull ${pulls.length}`, steps: [...select(scene, object.id), ...pulls.map(({ from, to }) => drag("box", from, to))], after });
  }
  ways.push(...moves(scene, object, target));
  // R: its box from corner to corner, from anywhere; its keypoints stay.
  const [x1, y1, x2, y2] = target.box;
  ways.push({ name: "box anew", steps: [...select(scene, object.id), key("box", "r"), drag("box", [x1, y1], [x2, y2])], after: { ...scene, objects: put(scene, { ...object, box: [...target.box] }), selected: object.id, placing: false } });
  return ways;
}

/** The whole animal, by the pointer or pixel by pixel; none where its size is wrong. */
function moves(scene: Scene, object: LabeledObject, target: Target): Way[] {
  const [dx, dy] = shiftTo(object, target);
  const moved = (by: Place): Scene => ({ ...scene, objects: put(scene, shifted(object, by)), selected: object.id, placing: false });
  const ways: Way[] = [];
  const grip = gripOf(scene, object);
  if (grip !== null && Math.hypot(dx, dy) * scene.scale >= LEAST_DRAG && comesRight(shifted(object, [dx, dy]).box, target)) {
    const before = grip.select ? select(scene, object.id) : [];
    ways.push({ name: "move", steps: [...before, drag("box", grip.at, [grip.at[0] + dx, grip.at[1] + dy])], after: moved([dx, dy]) });
  }
  const whole: Place = [Math.round(dx), Math.round(dy)];
  if (Math.abs(whole[0]) + Math.abs(whole[1]) < 20 && comesRight(shifted(object, whole).box, target)) {
    const before = scene.selected === object.id && !scene.placing ? [] : select(scene, object.id);
    const steps = [...times(Math.abs(whole[0]), key("box", whole[0] > 0 ? "Shift+ArrowRight" : "Shift+ArrowLeft")), ...times(Math.abs(whole[1]), key("box", whole[1] > 0 ? "Shift+ArrowDown" : "Shift+ArrowUp"))];
    ways.push({ name: "nudge", steps: [...before, ...steps], after: moved(whole) });
  }
  return ways;
}

/** Where the box can be taken hold of: inside, away from dots and handles; another animal above it means selecting it first. */
function gripOf(scene: Scene, object: LabeledObject): { at: Place; select: boolean } | null {
  const reach = REACH / scene.scale;
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = object.box;
  const spots: Place[] = [0.5, 0.35, 0.65, 0.2, 0.8].flatMap((fy) => [0.5, 0.35, 0.65, 0.2, 0.8].map((fx): Place => [x1 + (x2 - x1) * fx, y1 + (y2 - y1) * fy]));
  const good = spots.filter((spot) => far(spot, dots(object), reach) && contains([x1 + reach, y1 + reach, x2 - reach, y2 - reach], spot));
  const open = good.find((spot) => scene.objects.every((other) => other.id === object.id || (!contains(other.box, spot, reach) && far(spot, dots(other), reach))));
  if (open !== undefined && !scene.placing) return { at: open, select: false };
  return good[0] === undefined ? null : { at: good[0], select: true };
}

/** Ways to right keypoints of an animal whose box is right. */
export function keypointWays(scene: Scene, id: string, target: Target): Way[] {
  const object = scene.objects[indexOf(scene, id)];
  if (object === undefined) return [];
  if (keypointsAreRight(object, target)) return [{ name: "keep the keypoints", steps: [], after: scene }];
  return [inSequence(scene, object, target), oneByOne(scene, object, target)].filter((way) => way !== null);
}

/** K (or just drawn): a click for each, S for what is right already or not to be seen. null where K does not lead to what is wrong. */
function inSequence(scene: Scene, object: LabeledObject, target: Target): Way | null {
  const wrong = target.keypoints.flatMap((_, index) => (keypointIsRight(object, target, index) ? [] : [index]));
  const firstOpen = object.keypoints.findIndex((keypoint) => (keypoint[2] ?? 0) === 0);
  const start = Math.max(0, firstOpen);
  if (wrong.some((index) => index < start || target.keypoints[index]?.inFrame !== true)) return null;
  const steps = scene.placing && scene.selected === object.id ? [] : startPlacing(scene, object);
  if (steps === null) return null;
  const last = Math.max(...wrong);
  const keypoints = object.keypoints.map((keypoint) => [...keypoint]);
  for (let index = start; index <= last; index += 1) {
    const wanted = target.keypoints[index];
    if (wanted === undefined || keypointIsRight(object, target, index)) steps.push(key("keypoints", "s"));
    else {
      steps.push(click("keypoints", wanted.at, !wanted.visible));
      keypoints[index] = [...wanted.at, wanted.visible ? 2 : 1];
    }
  }
  return { name: "place in sequence", steps, after: { ...scene, objects: put(scene, { ...object, keypoints }), selected: object.id, placing: last < object.keypoints.length - 1 } };
}

/** K takes the selected animal where something is open, else the first without keypoints, else the selected one. */
function startPlacing(scene: Scene, object: LabeledObject): Step[] | null {
  const placed = (one: LabeledObject): number => dots(one).length;
  const takenBy = (selected: string | null): string | undefined => {
    const chosen = scene.objects[indexOf(scene, selected)];
    const isOpen = chosen !== undefined && placed(chosen) < chosen.keypoints.length;
    return (isOpen ? chosen : (scene.objects.find((one) => placed(one) === 0) ?? chosen))?.id;
  };
  if (takenBy(scene.selected) === object.id) return [key("keypoints", "k")];
  return takenBy(object.id) === object.id ? [...select(scene, object.id), key("keypoints", "k")] : null;
}

/** Each wrong dot is dragged to its place; V turns visible, occluded, absent. null where a dot cannot be taken hold of. */
function oneByOne(scene: Scene, object: LabeledObject, target: Target): Way | null {
  const reach = REACH / scene.scale;
  const steps: Step[] = [...select(scene, object.id)];
  const keypoints = object.keypoints.map((keypoint) => [...keypoint]);
  for (const [index, wanted] of target.keypoints.entries()) {
    if (keypointIsRight(object, target, index)) continue;
    const [x = 0, y = 0, v = 0] = keypoints[index] ?? [];
    const others = keypoints.flatMap(([ox = 0, oy = 0, ov = 0], i): Place[] => (i === index || ov === 0 ? [] : [[ox, oy]]));
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = object.box;
    const handles: Place[] = [x1, (x1 + x2) / 2, x2].flatMap((hx) => [y1, (y1 + y2) / 2, y2].map((hy): Place => [hx, hy]));
    if (v === 0 || !far([x, y], [...others, ...handles], reach)) return null;
    if (wanted.visible) {
      if (Math.hypot(x - wanted.at[0], y - wanted.at[1]) * scene.scale < LEAST_DRAG) return null;
      steps.push(drag("keypoints", [x, y], wanted.at), ...times(v === 2 ? 0 : 2, key("keypoints", "v")));
      keypoints[index] = [...wanted.at, 2];
    } else {
      steps.push(click("keypoints", [x, y]), ...times(v, key("keypoints", "v")));
      keypoints[index] = [x, y, 0];
    }
  }
  return { name: "one by one", steps, after: { ...scene, objects: put(scene, { ...object, keypoints }), selected: object.id, placing: false } };
}
