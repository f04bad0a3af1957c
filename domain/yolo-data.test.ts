import { describe, expect, it } from "vitest";
import { readDataYaml, readYoloLabels } from "./yolo-data.ts";

const POSE = "path: /data/mice\ntrain: images/train\nval: [images/val, images/more]\nnames:\n  0: mouse\n  1: rat\nkpt_shape: [2, 3]\nkpt_names: {0: [nose, tail], 1: [nose, tail]}\nflip_idx: [0, 1]\n";

describe("readDataYaml", () => {
  it("reads poses and boxes, lists and single folders", () => {
    expect(readDataYaml(POSE, "x")).toEqual({ kind: { task: "pose", classes: ["mouse", "rat"], keypoints: ["nose", "tail"], flipIdx: [0, 1] }, dims: 3, path: "/data/mice", folders: { train: ["images/train"], val: ["images/val", "images/more"] } });
    expect(readDataYaml("train: a\nval: b\nnames: [mouse]", "x")).toMatchObject({ kind: { task: "detect", keypoints: [] }, path: null });
    expect(readDataYaml("train: a\nval: b\nnames: [mouse]\nkpt_shape: [2, 2]", "x")).toMatchObject({ kind: { keypoints: ["keypoint_0", "keypoint_1"], flipIdx: null }, dims: 2 });
  });

  it.each([
    ["is no YAML", "a: [b"],
    ["is no YAML", "a: &x [1]\nb: *x"],
    ["is no data.yaml", "- 1"],
    ["names no folder of images as val", "train: a\nnames: [mouse]"],
    ["names no folder of images as train", "train: list.txt\nval: b\nnames: [mouse]"],
    ["names must number the classes", "train: a\nval: b\nnames: {0: mouse, 2: rat}"],
    ["names must number the classes", "train: a\nval: b\nnames: []"],
    ["kpt_shape is", "train: a\nval: b\nnames: [mouse]\nkpt_shape: [0, 3]"],
    ["kpt_names has not one name", "train: a\nval: b\nnames: [mouse]\nkpt_shape: [2, 3]\nkpt_names: [nose]"],
    ["flip_idx does not say", "train: a\nval: b\nnames: [mouse]\nkpt_shape: [2, 3]\nflip_idx: [1, 1]"],
  ])("%s: %j", (message, text) => {
    expect(() => readDataYaml(text, "/d/data.yaml")).toThrow(expect.objectContaining({ name: "InputError", field: "data_path", status: 400, message: expect.stringContaining(message) as string }) as Error);
  });
});

describe("readYoloLabels", () => {
  const pose = readDataYaml(POSE, "x");
  it("counts, says what occurs, and writes three values a keypoint", () => {
    expect(readYoloLabels("1 0.5 0.5 0.2 0.2 0.5 0.5 2 0 0 0\n\n", pose, "x")).toEqual({ text: "1 0.5 0.5 0.2 0.2 0.5 0.5 2 0 0 0\n", boxes: 1, contents: ["class rat", "keypoint nose"] });
    expect(readYoloLabels("0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.1 0.1 1 77", pose, "x").text).toBe("0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.1 0.1 1\n");
    expect(readYoloLabels("0 0.5 0.5 0.2 0.2 0.5 0.5 0 0", { ...pose, dims: 2 }, "x").text).toBe("0 0.5 0.5 0.2 0.2 0.5 0.5 2 0 0 0\n");
    expect(readYoloLabels("", pose, "x")).toEqual({ text: "", boxes: 0, contents: [] });
  });
  it.each([
    ["line 2 is no row of numbers", "0 0.5 0.5 0.2 0.2 0.5 0.5 2 0 0 0\nmouse"],
    ["line 1 has 5 numbers, not 11", "0 0.5 0.5 0.2 0.2"],
    ["line 1 names class 2", "2 0.5 0.5 0.2 0.2 0.5 0.5 2 0 0 0"],
    ["line 1 has a box without size", "0 0.5 0.5 0 0.2 0.5 0.5 2 0 0 0"],
    ["line 1 has a box without size or outside", "0 1.5 0.5 0.2 0.2 0.5 0.5 2 0 0 0"],
  ])("%s", (message, content) => {
    expect(() => readYoloLabels(content, pose, "/d/1.txt")).toThrow(expect.objectContaining({ field: "data_path", status: 422, message: expect.stringContaining(message) as string }) as Error);
  });
});
