import { describe, expect, it } from "vitest";
import type { Detection } from "./detections.ts";
import { compareDetections, describeParity, int8Holds, parityHolds, toleranceOf } from "./parity.ts";

const confidence = 0.25;
const object = (change: Partial<Detection> = {}): Detection => ({ box: [10, 10, 50, 40], score: 0.9, classId: 0, keypoints: [[20, 20, 0.8], [40, 30, 0.7]], ...change });
const compare = (ours: Detection[], theirs: Detection[]) => compareDetections({ pairs: [{ ours, theirs }], confidence });

describe("parity", () => {
  it("holds for the same, and says by how much the rest differs", () => {
    const same = compare([object(), object({ box: [100, 10, 140, 40] })], [object({ box: [100, 10, 140, 40] }), object()]);
    expect(same).toEqual({ images: 1, objects: 2, max_box_px: 0, max_score: 0, max_keypoint_px: 0, unmatched: 0 });
    expect(parityHolds(same)).toBe(true);
    const near = compare([object()], [object({ box: [10.5, 10, 50, 39.25], score: 0.905, keypoints: [[20, 20.25, 0.8], [40, 30, 0.707]] })]);
    expect(near).toEqual({ images: 1, objects: 1, max_box_px: 0.75, max_score: 0.007, max_keypoint_px: 0.25, unmatched: 0 });
    expect(parityHolds(near)).toBe(true);
    expect(describeParity(near)).toContain("0.75 px");
  });

  it("fails by one pixel, by a hundredth of score, and by an object too many", () => {
    expect(parityHolds(compare([object()], [object({ box: [10, 10, 51.01, 40] })]))).toBe(false);
    expect(parityHolds(compare([object()], [object({ keypoints: [[20, 20, 0.8], [40, 28.9, 0.7]] })]))).toBe(false);
    expect(parityHolds(compare([object()], [object({ score: 0.88 })]))).toBe(false);
    expect(parityHolds(compare([object()], [object({ keypoints: [[20, 20, 0.75], [40, 30, 0.7]] })]))).toBe(false);
    expect(compare([object()], []).unmatched).toBe(1);
    expect(compare([], [object()]).unmatched).toBe(1);
    expect(compare([object()], [object({ classId: 1 })]).unmatched).toBe(2);
    expect(compare([object()], [object({ keypoints: [] })]).unmatched).toBe(2);
  });

  it("is wider for a model in 8 bit, whose accuracy counts too", () => {
    const tolerance = toleranceOf("int8");
    const near = compareDetections({ pairs: [{ ours: [object(), object({ score: 0.35, box: [100, 10, 140, 40] })], theirs: [object({ box: [12, 10, 50, 40], score: 0.8 })] }], confidence, tolerance });
    expect(near).toMatchObject({ max_box_px: 2, max_score: 0.1, unmatched: 0 });
    expect([parityHolds(near), parityHolds(near, tolerance), int8Holds(near, 0.9), int8Holds(near, 1.1), int8Holds(near, Number.NaN)]).toEqual([false, true, true, false, false]);
    expect(toleranceOf()).toEqual(toleranceOf("float32"));
  });

  it("lets an object at the threshold be missing on one side, and looks at none below it", () => {
    expect(compare([object({ score: 0.259 })], []).unmatched).toBe(0);
    expect(compare([object({ score: 0.261 })], []).unmatched).toBe(1);
    expect(compare([object({ score: 0.248 })], [object({ score: 0.242, box: [10, 10, 45, 40] })])).toMatchObject({ objects: 0, max_box_px: 0, unmatched: 0 });
    expect(compare([object({ score: 0.252 })], [object({ score: 0.248 })])).toMatchObject({ objects: 1, unmatched: 0 });
  });

  it("matches the nearest of objects that overlap", () => {
    const [a, b] = [object({ box: [0, 0, 100, 100] }), object({ box: [0, 20, 100, 120] })];
    expect(compare([a, b], [object({ box: [0, 20.5, 100, 120] }), object({ box: [0, 0, 100, 100.5] })])).toMatchObject({ objects: 2, max_box_px: 0.5, unmatched: 0 });
  });

  it("fails for what is no number, on one side or on both", () => {
    for (const broken of [object({ score: NaN }), object({ box: [10, NaN, 50, 40] }), object({ keypoints: [[20, 20, 0.8], [Infinity, 30, 0.7]] })]) {
      expect(compare([object()], [broken]).unmatched).toBe(2);
      expect(parityHolds(compare([broken], [broken]))).toBe(false);
    }
    expect(parityHolds({ images: 1, objects: 1, max_box_px: NaN, max_score: 0, max_keypoint_px: 0, unmatched: 0 })).toBe(false);
  });

  it("knows nothing where nothing was compared", () => {
    expect(parityHolds(compareDetections({ pairs: [], confidence }))).toBe(false);
    expect(parityHolds(compare([], []))).toBe(true);
  });
});
