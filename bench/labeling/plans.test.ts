import { describe, expect, it } from "vitest";
import type { Box } from "../../domain/boxes.ts";
import type { LabeledObject } from "../../domain/labels.ts";
import { countsOf } from "./actions.ts";
import { countLabelStudio } from "./label-studio-editor.ts";
import { planFrame } from "./page-plan.ts";
import { draw } from "./page-ways.ts";
import { faultsOf, type Target } from "./tolerance.ts";

/** The plans of both editors for the same small frames. */

const target = (x: number, y: number): Target => ({ box: [x, y, x + 100, y + 60], reach: 6, keypoints: [20, 80].map((dx) => ({ at: [x + dx, y + 30], visible: true, inFrame: true })) });
const right = (id: string, { box, keypoints }: Target): LabeledObject => ({ id, class: "mouse", box: [...box], keypoints: keypoints.map(({ at }) => [...at, 2]), source: "motion", confirmed: false });
const boxOnly = (id: string, box: Box): LabeledObject => ({ id, class: "mouse", box, keypoints: [0, 1].map(() => [box[0], box[1], 0]), source: "motion", confirmed: false });
const plan = (objects: LabeledObject[], targets: Target[]) => planFrame({ objects, selected: null, placing: false, scale: 1 }, targets, "mouse");
const counted = (frames: LabeledObject[][], targets: Target[][]) => countLabelStudio({ prelabels: frames, targets, keypoints: 2 });

describe("the labeling page", () => {
  it("does nothing where all is right", () => {
    expect(plan([right("a", target(100, 100))], [target(100, 100)]).steps).toEqual([]);
  });
  it("places the keypoints of a right box: K and a click each", () => {
    const { steps } = plan([boxOnly("a", [100, 100, 200, 160])], [target(100, 100)]);
    expect(countsOf(steps)).toEqual({ key: 1, point: 2, press: 2, look: 0 });
  });
  it("draws what is missing and deletes what is too many", () => {
    const drawn = plan([right("a", target(100, 100))], [target(100, 100), target(400, 300)]);
    expect(countsOf(drawn.steps)).toEqual({ key: 0, point: 4, press: 3, look: 0 });
    expect(countsOf(plan([right("a", target(100, 100)), boxOnly("b", [500, 20, 520, 40])], [target(100, 100)]).steps)).toEqual({ key: 2, point: 0, press: 0, look: 0 });
  });
  it("pulls the one edge that is wrong", () => {
    const object = { ...right("a", target(100, 100)), box: [100, 100, 240, 160] };
    expect(countsOf(plan([object], [target(100, 100)]).steps)).toEqual({ key: 1, point: 2, press: 1, look: 0 });
  });
  it("does not take one drawn animal for another", () => {
    const one = draw({ objects: [right("a", target(100, 100))], selected: null, placing: false, scale: 1 }, target(400, 300), "mouse");
    const two = draw({ ...one.after, objects: one.after.objects.slice(1) }, target(700, 100), "mouse");
    expect(new Set(two.after.objects.map(({ id }) => id)).size).toBe(2);
  });
  it("marks a keypoint as occluded where it is hidden now", () => {
    const hidden = { ...target(100, 100), keypoints: target(100, 100).keypoints.map((keypoint, index) => ({ ...keypoint, visible: index === 0 })) };
    const { steps } = plan([right("a", target(100, 100))], [hidden]);
    expect(steps.length).toBeGreaterThan(0);
  });
});

describe("Label Studio's editor", () => {
  it("costs a look, the choice and the submission where the prediction is right", () => {
    const [frame] = counted([[right("a", target(100, 100))]], [[target(100, 100)]]);
    expect(countsOf(frame?.steps ?? [])).toEqual({ key: 3, point: 0, press: 0, look: 1 });
  });
  it("chooses each keypoint's label once for all animals, with Ctrl or with the boxes hidden", () => {
    const targets = [target(100, 100), target(400, 300)];
    const [frame] = counted([[boxOnly("a", [100, 100, 200, 160]), boxOnly("b", [400, 300, 500, 360])]], [targets]);
    expect(countsOf(frame?.steps ?? [])).toEqual({ key: 3 + 2 + 2, point: 4, press: 4, look: 1 });
  });
  it("pastes the frame before where the animals have not moved", () => {
    const targets = [target(100, 100), target(400, 300), target(700, 100)];
    const boxes = targets.map(({ box }, index) => boxOnly(String(index), box));
    expect(counted([boxes, boxes], [targets, targets]).map(({ start }) => start)).toEqual(["prediction", "paste previous"]);
  });
});

it("says what is wrong with a frame", () => {
  const wanted = target(100, 100);
  const object = right("a", wanted);
  expect(faultsOf([object], [wanted])).toEqual([]);
  expect(faultsOf([], [wanted])).toEqual(["0 animals are drawn instead of 1"]);
  expect(faultsOf([{ ...object, box: [100, 100, 230, 160] }], [wanted])).toEqual(["animal 1: the box has IoU 0.77"]);
  expect(faultsOf([{ ...object, keypoints: [[120, 140, 2], [180, 130, 1]] }], [wanted])).toHaveLength(2);
});
