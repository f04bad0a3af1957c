import { assign } from "../../domain/assignment.ts";
import { drag, key, secondsOf, type Step } from "./actions.ts";
import { drawn, labelKey, mended, missing, pointed, removed, type Mended } from "./label-studio-ways.ts";
import { faultsOf, type Shape, type Target } from "./tolerance.ts";

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
 * the region to mend is always the next one in the list; a person knows the keys of all labels; a label's key for a box that is drawn anew is left out;
 * nothing is ever missed or done twice.
 */


interface Start {
  name: string;
  steps: Step[];
  shapes: readonly Shape[];
}

interface Counted {
  start: string;
  steps: Step[];
}

/** Steps for each frame, in order; the frame before may be copied. Throws where the result would not be right. */
export function countLabelStudio(options: { prelabels: readonly (readonly Shape[])[]; targets: readonly (readonly Target[])[]; keypoints: number }): Counted[] {
  const { prelabels, targets, keypoints } = options;
  let before: Shape[] | null = null;
  return prelabels.map((shapes, index) => {
    const wanted = targets[index] ?? [];
    const starts: Start[] = [{ name: "prediction", steps: [], shapes }, ...(before === null ? [] : [pasted(before)])];
    const ways = starts.map((start) => {
      const { steps, shapes: result } = corrected(start.shapes, wanted, keypoints);
      return { name: start.name, steps: [...start.steps, ...steps], result };
    });
    const [best] = ways.toSorted((a, b) => secondsOf(a.steps) - secondsOf(b.steps));
    if (best === undefined) throw new Error("there is no way to start");
    const faults = faultsOf(best.result, wanted);
    if (faults.length > 0) throw new Error(`frame ${index} of Label Studio is not right: ${faults.join("; ")}`);
    before = best.result;
    return { start: best.name, steps: [{ why: "look", do: "look" }, ...best.steps, key("confirm", labelKey(keypoints + 1)), key("confirm", "Control+Enter")] };
  });
}

/** In the frame before: V, a drag round everything, Ctrl C. Here: everything away, Ctrl V. */
const pasted = (shapes: readonly Shape[]): Start => ({
  name: "paste previous",
  shapes,
  steps: [key("start", "v"), drag("start", [0, 0], [1, 1]), key("start", "Control+c"), key("start", "Control+Backspace"), key("start", "Enter"), key("start", "Control+v")],
});

/** First what is there is mended or deleted, then boxes are drawn, then keypoints are placed label by label. */
function corrected(shapes: readonly Shape[], targets: readonly Target[], keypoints: number): { steps: Step[]; shapes: Shape[] } {
  // What is drawn is worth its deletion and what drawing it anew would cost; where it costs more to mend, it is deleted.
  const anew = 2.5 + 1.4 * keypoints;
  const paired = assign(shapes.map((shape) => targets.map((target) => secondsOf(mended(shape, target, shapes).steps) + 1.4 * missing(mended(shape, target, shapes).shape, target).length - anew - secondsOf(removed(shape)))), 0);
  const steps: Step[] = [];
  const done: Mended[] = [];
  for (const [index, shape] of shapes.entries()) {
    const target = targets[paired[index] ?? -1];
    const way = target === undefined ? null : mended(shape, target, shapes);
    steps.push(...(way === null ? removed(shape) : way.steps));
    if (way !== null && target !== undefined) done.push({ shape: way.shape, target });
  }
  const fresh = targets.filter((_, index) => !paired.includes(index));
  const boxes = done.map(({ shape }) => shape.box);
  const draws = drawn(fresh, boxes);
  done.push(...fresh.map((target) => ({ target, shape: { box: [...target.box], keypoints: target.keypoints.map(({ at }) => [...at, 0]) } })));
  const points = pointed(done, keypoints);
  const isSelected = steps.length > 0 && draws.length + points.length > 0;
  return { steps: [...steps, ...(isSelected ? [key("select", "Escape")] : []), ...draws, ...points], shapes: done.map(complete) };
}

/** With the keypoints that were placed. */
function complete({ shape, target }: Mended): Shape {
  const open = missing(shape, target);
  return { ...shape, keypoints: shape.keypoints.map((old, index) => (open.includes(index) ? [...(target.keypoints[index]?.at ?? [0, 0]), 2] : old)) };
}
