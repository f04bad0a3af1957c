import { assign } from "../../domain/assignment.ts";
import { click, drag, key, secondsOf, times, type Place, type Step } from "./actions.ts";
import { contains, CORNERS, pullsFor, comesRight, shifted, shiftTo } from "./boxes.ts";
import { boxIsRight, faultsOf, keypointIsRight, type Shape, type Target } from "./tolerance.ts";

/**
 * What the same corrections cost in Label Studio's editor (1.23.2, open source), counted by its rules; nothing is driven here.
 *
 * The project is set up as a person who wants to be quick would: RectangleLabels, KeyPointLabels and a Choices "review" (Approved, Rejected);
 * predictions prelabel tasks; the setting "Keep label selected after creating a region" is on. Rules, in the order of their use:
 *
 * 1. Labels and choices have the keys 1..9, 0, q, w, ... in the order of the configuration. A label stays chosen for the next region.
 *    [docs/source/guide/hotkeys.md; web/libs/editor/src/core/Hotkey.ts makeComb; stores/Annotation/Annotation.js unselectAll]
 * 2. In the label stream a task opens with an annotation that is a copy of its prediction: no action. [docs/source/guide/predictions.md]
 * 3. A click on a region selects it, also with a label chosen; Alt and . goes to the next region in the list. Escape unselects.
 *    [core/settings/keymap.json region:cycle, region:exit; mixins/KonvaRegion.js onClickRegion]
 * 4. A selected rectangle has eight handles. An unselected one moves by dragging it; its keypoints stay. Move tool (V) and a drag around several regions
 *    selects them; they move together. [components/ImageTransformer; tools/Selection.js]
 * 5. Pointing at a region acts on the region: what is drawn over one needs Ctrl held and nothing selected; or all regions hidden (Ctrl H).
 *    [tags/object/Image/Image.js getSkipInteractions; mixins/Tool.js shouldSkipInteractions]
 * 6. Regions are stacked with the older ones on top, so a keypoint inside a box cannot be taken hold of before it is selected. [components/ImageView/ImageView.jsx StageContent]
 * 7. Backspace deletes the selected regions; Ctrl Backspace and Enter deletes all. [core/settings/keymap.json]
 * 8. Ctrl C copies the selected regions and Ctrl V adds them, also in another task. [hooks/useRegionsCopyPaste.ts]
 * 9. Ctrl Enter submits and opens the next task. [core/settings/keymap.json annotation:submit]
 *
 * All of them were tried in the real editor in Chromium. In Label Studio's favour: a keypoint is taken to belong to the box that it lies in, with no action for its parent;
 * a person knows the keys of all labels and the order of all regions; nothing is ever missed or done twice.
 */

interface Start {
  name: string;
  steps: Step[];
  shapes: Shape[];
}

interface Draft {
  steps: Step[];
  /** Nothing is left selected by what was done so far. */
  free: boolean;
}

/** Keys of labels and choices in the order of the configuration: the class, the keypoints, Approved. */
const KEYS = "1234567890qwetasdfgzxcvbyiopjklnm";
const labelKey = (index: number): string => KEYS[index] ?? "m";

/** Steps for each frame, in order; the frame before may be copied. Throws where the result would not be right. */
export function countLabelStudio(options: { prelabels: readonly Shape[][]; targets: readonly Target[][]; keypoints: number }): { steps: Step[]; start: string }[] {
  let before: Shape[] | null = null;
  return options.prelabels.map((shapes, index) => {
    const targets = options.targets[index] ?? [];
    const starts: Start[] = [{ name: "prediction", steps: [], shapes }, ...(before === null ? [] : [pasted(before)])];
    const [best] = starts.map((start) => ({ start, done: corrected(start.shapes, targets, options.keypoints) })).toSorted((a, b) => secondsOf([...a.start.steps, ...a.done.steps]) - secondsOf([...b.start.steps, ...b.done.steps]));
    if (best === undefined) throw new Error("there is no way to start");
    const faults = faultsOf(best.done.shapes, targets);
    if (faults.length > 0) throw new Error(`frame ${index} of Label Studio is not right: ${faults.join("; ")}`);
    before = best.done.shapes;
    return { start: best.start.name, steps: [{ why: "look", do: "look" }, ...best.start.steps, ...best.done.steps, key("confirm", labelKey(options.keypoints + 1)), key("confirm", "Control+Enter")] };
  });
}

/** In the frame before: V, a drag round everything, Ctrl C. Here: everything away, Ctrl V. */
function pasted(shapes: Shape[]): Start {
  return { name: "paste previous", shapes, steps: [key("start", "v"), drag("start", [0, 0], [1, 1]), key("start", "Control+c"), key("start", "Control+Backspace"), key("start", "Enter"), key("start", "Control+v")] };
}

const placed = (shape: Shape, index: number): boolean => (shape.keypoints[index]?.[2] ?? 0) > 0;
const inAny = (boxes: readonly (readonly number[])[], place: Place): boolean => boxes.some((box) => contains(box, place));

function corrected(shapes: readonly Shape[], targets: readonly Target[], keypoints: number): { steps: Step[]; shapes: Shape[] } {
  // An animal that is drawn is worth what drawing it anew would cost; one that costs more to mend is deleted.
  const anew = 3 + 1.4 * keypoints;
  const paired = assign(shapes.map((shape) => targets.map((target) => secondsOf(mended(shape, target, shapes, targets.length).steps) + missing(shape, target).length * 1.4 - anew)), 0);
  const draft: Draft = { steps: [], free: true };
  const done: { shape: Shape; target: Target }[] = [];
  for (const [index, shape] of shapes.entries()) {
    const target = targets[paired[index] ?? -1];
    if (target === undefined) draft.steps.push(...removed(shape, index, shapes.length));
    else {
      const way = mended(shape, target, shapes, targets.length);
      draft.steps.push(...way.steps);
      done.push({ shape: way.shape, target });
    }
  }
  draft.free = draft.steps.length === 0;
  const fresh = targets.filter((_, index) => !paired.includes(index));
  if (!draft.free && (fresh.length > 0 || done.some(({ shape, target }) => missing(shape, target).length > 0))) draft.steps.push(key("select", "Escape"));
  done.push(...drawn(draft, fresh, done));
  return { steps: [...draft.steps, ...pointed(done, keypoints)], shapes: done.map(({ shape, target }) => withMissing(shape, target)) };
}

/** Which keypoints have to be placed. */
const missing = (shape: Shape, target: Target): number[] => target.keypoints.flatMap((wanted, index) => (wanted.visible && !placed(shape, index) ? [index] : []));
const withMissing = (shape: Shape, target: Target): Shape => ({ ...shape, keypoints: shape.keypoints.map((old, index) => (missing(shape, target).includes(index) ? [...(target.keypoints[index]?.at ?? [0, 0]), 2] : old)) });

/** By its place in the list, or by a click. */
const selected = (at: Place, index: number): Step[] => [times(index + 1, key("select", "Alt+.")), [click("select", at)]].toSorted((a, b) => secondsOf(a) - secondsOf(b))[0] ?? [];
const middleOf = ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]): Place => [(x1 + x2) / 2, (y1 + y2) / 2];

/** The box and every keypoint of an animal that is none: one by one, or with the move tool and a drag round them. */
function removed(shape: Shape, index: number, boxes: number): Step[] {
  const parts = 1 + shape.keypoints.filter((_, i) => placed(shape, i)).length;
  const single = [...selected(middleOf(shape.box), index), key("delete", "Backspace")];
  if (parts === 1) return single;
  const one = Array.from({ length: parts }, (_, part) => [...selected(middleOf(shape.box), part === 0 ? index : boxes + part), key("delete", "Backspace")]).flat();
  const together = [key("delete", "v"), drag("delete", [0, 0], [1, 1]), key("delete", "Backspace")];
  return secondsOf(one) < secondsOf(together) ? one : together;
}

/** What is drawn is brought right; a wrong keypoint that is to be placed anew afterwards is deleted here. */
function mended(shape: Shape, target: Target, all: readonly Shape[], _count: number): { steps: Step[]; shape: Shape } {
  const index = all.indexOf(shape);
  const ways: { steps: Step[]; shape: Shape }[] = [];
  if (boxIsRight(shape, target)) ways.push({ steps: [], shape });
  else {
    const hold = selected(middleOf(shape.box), index);
    for (const { box, pulls } of pullsFor(shape, target).slice(0, 12)) ways.push({ steps: [...hold, ...pulls.map(({ from, to }) => drag("box", from, to))], shape: { ...shape, box: [...box] } });
    const by = shiftTo(shape, target);
    const whole = shifted(shape, by);
    if (comesRight(whole.box, target)) {
      const from = middleOf(shape.box);
      const move = drag("box", from, [from[0] + by[0], from[1] + by[1]]);
      ways.push({ steps: [move], shape: { ...shape, box: whole.box } }, { steps: [key("box", "v"), drag("box", [0, 0], [1, 1]), move], shape: whole });
    }
    // Deleted and drawn anew: the label's key is pressed once a frame at most, and is left out here.
    ways.push({ steps: [...hold, key("delete", "Backspace"), drag("box", [target.box[0], target.box[1]], [target.box[2], target.box[3]])], shape: { ...shape, box: [...target.box] } });
  }
  const whole = ways.map((way) => {
    const rest = keypointsMended(way.shape, target, all);
    return { steps: [...way.steps, ...rest.steps], shape: rest.shape };
  });
  const price = (way: { steps: Step[]; shape: Shape }): number => secondsOf(way.steps) + 1.3 * missing(way.shape, target).length;
  return whole.toSorted((a, b) => price(a) - price(b))[0] ?? { steps: [], shape };
}

function keypointsMended(shape: Shape, target: Target, all: readonly Shape[]): { steps: Step[]; shape: Shape } {
  const steps: Step[] = [];
  const keypoints = shape.keypoints.map((old, index) => {
    if (!placed(shape, index) || keypointIsRight({ ...shape, keypoints: shape.keypoints }, target, index)) return old;
    const [x = 0, y = 0] = old;
    const wanted = target.keypoints[index];
    const hold = selected([x, y], all.length + index);
    if (wanted?.visible !== true) {
      steps.push(...hold, key("delete", "Backspace"));
      return [x, y, 0];
    }
    const open = !inAny(all.map((one) => one.box), [x, y]);
    const pull = [...(open ? [] : hold), drag("keypoints", [x, y], wanted.at)];
    const anew = [...hold, key("delete", "Backspace")];
    if (secondsOf(pull) <= secondsOf(anew) + 1.3) {
      steps.push(...pull);
      return [...wanted.at, 2];
    }
    steps.push(...anew);
    return [x, y, 0];
  });
  return { steps, shape: { ...shape, keypoints } };
}

/** Boxes of animals that are not drawn: the label's key once, a drag each, with Ctrl where every corner lies on another box. */
function drawn(draft: Draft, fresh: readonly Target[], there: readonly { shape: Shape }[]): { shape: Shape; target: Target }[] {
  if (fresh.length > 0) draft.steps.push(key("box", labelKey(0)));
  const boxes: (readonly number[])[] = there.map(({ shape }) => shape.box);
  return fresh.map((target) => {
    const { box } = target;
    const [x, y] = CORNERS.find(([cx, cy]) => !inAny(boxes, [box[cx], box[cy]])) ?? [0, 1];
    if (inAny(boxes, [box[x], box[y]])) draft.steps.push({ why: "box", do: "key", key: "Control" });
    draft.steps.push(drag("box", [box[x], box[y]], [box[2 - x] ?? 0, box[4 - y] ?? 0]));
    boxes.push(box);
    return { target, shape: { box: [...box], keypoints: target.keypoints.map(({ at }) => [...at, 0]) } };
  });
}

/** Keypoints label by label: its key, then a click on each animal; over boxes with Ctrl held, or with everything hidden by Ctrl H first. */
function pointed(done: readonly { shape: Shape; target: Target }[], keypoints: number): Step[] {
  const boxes = done.map(({ shape }) => shape.box);
  const labels = Array.from({ length: keypoints }, (_, index) => done.flatMap(({ shape, target }) => (missing(shape, target).includes(index) ? [target.keypoints[index]?.at ?? [0, 0] as Place] : [])));
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
