import { click, drag, key, secondsOf, type Place, type Step } from "./actions.ts";
import { comesRight, contains, CORNERS, pullsFor, shifted, shiftTo } from "./boxes.ts";
import { boxIsRight, keypointIsRight, type Shape, type Target } from "./tolerance.ts";

/** What Label Studio's editor offers for single animals; its rules are listed in label-studio-editor.ts. */

export interface Mended {
  shape: Shape;
  target: Target;
}

interface Way {
  steps: Step[];
  shape: Shape;
}

/** Keys of labels and choices in the order of the configuration: the class, the keypoints, Approved. */
const KEYS = "1234567890qwetasdfgzxcvbyiopjklnm";
export const labelKey = (index: number): string => KEYS[index] ?? "m";

const SELECT: Step[] = [key("select", "Alt+.")];
/** The move tool, and a drag round several regions: they are selected. */
const AROUND: Step[] = [key("select", "v"), drag("select", [0, 0], [1, 1])];

const placed = (shape: Shape, index: number): boolean => (shape.keypoints[index]?.[2] ?? 0) > 0;
const inAny = (boxes: readonly (readonly number[])[], place: Place): boolean => boxes.some((box) => contains(box, place));
const middleOf = ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]): Place => [(x1 + x2) / 2, (y1 + y2) / 2];

/** Which keypoints have to be placed. */
export const missing = (shape: Shape, target: Target): number[] => target.keypoints.flatMap((wanted, index) => (wanted.visible && !placed(shape, index) ? [index] : []));

/** The box and every keypoint of an animal that is none: one by one or together. */
export function removed(shape: Shape): Step[] {
  const parts = 1 + shape.keypoints.filter((_, index) => placed(shape, index)).length;
  const single = Array.from({ length: parts }, () => [...SELECT, key("delete", "Backspace")]).flat();
  const together = [...AROUND, key("delete", "Backspace")];
  return secondsOf(single) < secondsOf(together) ? single : together;
}

/** What is drawn is brought right; a wrong keypoint that is to be placed anew afterwards is deleted here. */
export function mended(shape: Shape, target: Target, all: readonly Shape[]): Way {
  const boxes = all.map(({ box }) => box);
  const ways = boxWays(shape, target).map((way): Way => {
    const rest = keypointsMended(way.shape, target, boxes);
    return { steps: [...way.steps, ...rest.steps], shape: rest.shape };
  });
  const price = (way: Way): number => secondsOf(way.steps) + 1.3 * missing(way.shape, target).length;
  return ways.toSorted((a, b) => price(a) - price(b))[0] ?? { steps: [], shape };
}

function boxWays(shape: Shape, target: Target): Way[] {
  if (boxIsRight(shape, target)) return [{ steps: [], shape }];
  const pulls = pullsFor(shape, target)
    .slice(0, 12)
    .map(({ box, pulls: handles }): Way => ({ steps: [...SELECT, ...handles.map(({ from, to }) => drag("box", from, to))], shape: { ...shape, box: [...box] } }));
  const [x1, y1, x2, y2] = target.box;
  const anew: Way = { steps: [...SELECT, key("delete", "Backspace"), drag("box", [x1, y1], [x2, y2])], shape: { ...shape, box: [...target.box] } };
  const by = shiftTo(shape, target);
  const whole = shifted(shape, by);
  if (!comesRight(whole.box, target)) return [...pulls, anew];
  const from = middleOf(shape.box);
  const move = drag("box", from, [from[0] + by[0], from[1] + by[1]]);
  return [...pulls, anew, { steps: [move], shape: { ...shape, box: whole.box } }, { steps: [...AROUND, move], shape: whole }];
}

function keypointsMended(shape: Shape, target: Target, boxes: readonly (readonly number[])[]): Way {
  const steps: Step[] = [];
  const keypoints = shape.keypoints.map((old, index) => {
    if (!placed(shape, index) || keypointIsRight(shape, target, index)) return old;
    const [x = 0, y = 0] = old;
    const wanted = target.keypoints[index];
    const deleted = [...SELECT, key("delete", "Backspace")];
    const pull = wanted?.visible === true ? [...(inAny(boxes, [x, y]) ? SELECT : []), drag("keypoints", [x, y], wanted.at)] : null;
    // A keypoint that is deleted and is to be seen costs a click later.
    if (wanted === undefined || pull === null || secondsOf(pull) > secondsOf(deleted) + 1.3) {
      steps.push(...deleted);
      return [x, y, 0];
    }
    steps.push(...pull);
    return [...wanted.at, 2];
  });
  return { steps, shape: { ...shape, keypoints } };
}

/** Boxes of animals that are not drawn: the label's key once, a drag each, with Ctrl where every corner lies on another box. */
export function drawn(fresh: readonly Target[], there: readonly (readonly number[])[]): Step[] {
  const boxes = [...there];
  const drags = fresh.flatMap(({ box }): Step[] => {
    const open = CORNERS.find(([x, y]) => !inAny(boxes, [box[x], box[y]]));
    const [x, y] = open ?? [0, 1];
    boxes.push(box);
    return [...(open === undefined ? [key("box", "Control")] : []), drag("box", [box[x], box[y]], [box[2 - x] ?? 0, box[4 - y] ?? 0])];
  });
  return drags.length === 0 ? [] : [key("box", labelKey(0)), ...drags];
}

/** Keypoints label by label: its key, then a click on each animal; over boxes with Ctrl held, or with everything hidden by Ctrl H first. */
export function pointed(done: readonly Mended[], keypoints: number): Step[] {
  const boxes = done.map(({ shape }) => shape.box);
  const labels = Array.from({ length: keypoints }, (_, index) => done.flatMap(({ shape, target }) => (missing(shape, target).includes(index) ? [target.keypoints[index]?.at ?? ([0, 0] as Place)] : [])));
  const steps = (hidden: boolean): Step[] => [
    ...(hidden ? [key("keypoints", "Control+h")] : []),
    ...labels.flatMap((places, index) => {
      if (places.length === 0) return [];
      const held = !hidden && places.some((place) => inAny(boxes, place));
      return [key("keypoints", labelKey(index + 1)), ...(held ? [key("keypoints", "Control")] : []), ...places.map((place) => click("keypoints", place))];
    }),
  ];
  return secondsOf(steps(true)) < secondsOf(steps(false)) ? steps(true) : steps(false);
}
