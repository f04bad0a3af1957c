import { describe, expect, test } from "vitest";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { canLay, misfit, restOfPose } from "./pose.ts";

const animal = (keypoints: number[][]): LabeledObject => ({ id: "a", class: "mouse", box: [0, 0, 100, 100], keypoints, source: "motion", confirmed: false });
const size = { width: 200, height: 200 };
const like = animal([[10, 10, 2], [30, 10, 2], [10, 20, 1], [0, 0, 0]]);

describe("the rest of a pose", () => {
  test("is turned and scaled so that the placed keypoints fit", () => {
    // A quarter turn clockwise, twice as large.
    const laid = restOfPose(animal([[100, 50, 2], [100, 90, 2], [0, 0, 0], [0, 0, 0]]), like, size);
    expect(laid.keypoints).toEqual([[100, 50, 2], [100, 90, 2], [80, 50, 1], [0, 0, 0]]);
    expect(laid.confirmed).toBe(true);
  });

  test("is taken from the animal that fits best: neither scaled nor bent", () => {
    const placed = animal([[100, 50, 2], [120, 50, 2], [100, 60, 2], [0, 0, 0]]);
    const turned = animal([[10, 10, 2], [10, 30, 2], [0, 10, 2], [5, 5, 2]]);
    const larger = animal([[10, 10, 2], [10, 50, 2], [-10, 10, 2], [5, 5, 2]]);
    const bent = animal([[10, 10, 2], [10, 30, 2], [15, 20, 2], [5, 5, 2]]);
    expect(misfit(placed, turned)).toBeCloseTo(0, 6);
    expect(misfit(placed, larger)).toBeCloseTo(Math.log(2), 6);
    expect(misfit(placed, bent)).toBeGreaterThan(0.1);
    expect(misfit(placed, animal([[1, 1, 2], [0, 0, 0], [0, 0, 0], [1, 1, 2]]))).toBe(Infinity);
  });

  test("stays absent outside of the frame, and is nothing with one keypoint", () => {
    expect(restOfPose(animal([[5, 50, 2], [5, 90, 2], [0, 0, 0], [0, 0, 0]]), like, size).keypoints[2]).toEqual([0, 0, 0]);
    const one = animal([[100, 50, 2], [0, 0, 0], [0, 0, 0], [0, 0, 0]]);
    expect(restOfPose(one, like, size)).toBe(one);
    expect([canLay(one, like), canLay(animal([[1, 1, 2], [2, 2, 2], [0, 0, 0], [0, 0, 0]]), like)]).toEqual([0, 1]);
  });
});
