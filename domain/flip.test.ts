import { describe, expect, it } from "vitest";
import { deriveFlipIdx, isFlip } from "./flip.ts";

describe("deriveFlipIdx", () => {
  it.each<[string[], number[]]>([
    [["head", "thorax", "abdomen", "wingL", "wingR"], [0, 1, 2, 4, 3]],
    [["nose", "ear_left", "ear_right", "tail_base"], [0, 2, 1, 3]],
    [["left_eye", "right_eye", "left_ear", "right_ear", "nose"], [1, 0, 3, 2, 4]],
    [["LeftHip", "RightHip"], [1, 0]],
    [["L1", "R1", "L2", "R2"], [1, 0, 3, 2]],
    [["l-paw", "r-paw", "snout"], [1, 0, 2]],
    [["leftear", "rightear", "tail"], [1, 0, 2]],
    [["lpaw", "rpaw", "nose", "left ear", "right ear"], [1, 0, 2, 4, 3]],
    [["front_left_knee", "rear_left_knee", "front_right_knee", "rear_right_knee"], [2, 3, 0, 1]],
  ])("pairs %j", (names, flip) => {
    expect(deriveFlipIdx(names)).toEqual(flip);
    expect(isFlip(flip, names.length)).toBe(true);
  });

  it.each<[string, string[]]>([
    ["no name has a side", ["head", "thorax", "abdomen"]],
    ["a counterpart is missing", ["ear_left", "ear_right", "eye_left"]],
    ["words that only look like sides", ["bright_spot", "cleft", "rear"]],
    ["two names say the same", ["ear_left", "earLeft", "ear_right"]],
    ["there are none", []],
  ])("does not guess where %s", (_why, names) => expect(deriveFlipIdx(names)).toBeNull());
});

it("knows a flip from another list", () => {
  expect(isFlip([0, 2, 1], 3)).toBe(true);
  for (const wrong of [[1, 2, 0], [0, 0, 0], [0, 1], [0, 1, 7]]) expect(isFlip(wrong, 3)).toBe(false);
});
