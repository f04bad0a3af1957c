import { expect, it } from "vitest";
import type { LabeledObject } from "./labels.ts";
import { dataYaml, yoloLabels, type DatasetKind } from "./yolo.ts";

const pose: DatasetKind = { task: "pose", classes: ["mouse", "fly"], keypoints: ["head", 'the "tail": end', "ear"], flipIdx: [0, 1, 2] };
const object: LabeledObject = { id: "a", class: "fly", box: [10, 20, 30, 60], keypoints: [[15, 25, 2], [99, 99, 0], [200.0005, 100, 1]], source: "person", confirmed: true };

it("writes normalised rows, absent keypoints as zeros", () => {
  expect(yoloLabels({ width: 200, height: 100, objects: [object] }, pose)).toBe("1 0.100000 0.400000 0.100000 0.400000 0.075000 0.250000 2 0 0 0 1.000000 1.000000 1\n");
  expect(yoloLabels({ width: 200, height: 100, objects: [object, object] }, { ...pose, task: "detect" })).toBe("1 0.100000 0.400000 0.100000 0.400000\n".repeat(2));
  expect(yoloLabels({ width: 200, height: 100, objects: [] }, pose)).toBe("");
});

it("writes a data.yaml with all that a pose model needs, and flip_idx only where it is known", () => {
  expect(dataYaml(pose).split("\n")).toEqual(["path: .", "train: data/images/train", "val: data/images/val", "names:", '  0: "mouse"', '  1: "fly"', "kpt_shape: [3, 3]", "kpt_names:", '  0: ["head","the \\"tail\\": end","ear"]', '  1: ["head","the \\"tail\\": end","ear"]', "flip_idx: [0,1,2]", ""]);
  expect(dataYaml({ ...pose, flipIdx: null })).not.toContain("flip_idx");
  expect(dataYaml({ task: "detect", classes: ["fly"], keypoints: [], flipIdx: null })).not.toContain("kpt");
});
