import { describe, expect, test } from "vitest";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { fitBox, keypointsPlaced, moveObject, newObject, placeKeypoint, resizeObject, turnVisibility } from "./objects.ts";

const size = { width: 100, height: 80 };
const animal = (change: Partial<LabeledObject> = {}): LabeledObject => ({ id: "a", class: "mouse", box: [10, 10, 30, 20], keypoints: [[12, 12, 2], [28, 18, 1]], source: "motion", confirmed: false, score: 0.5, ...change });

describe("boxes", () => {
  test("corners come in order, inside the frame, and have a size", () => {
    expect(fitBox([30, 20, 10, 10], size)).toEqual([10, 10, 30, 20]);
    expect(fitBox([-5, -5, 130, 90], size)).toEqual([0, 0, 100, 80]);
    const [x1, y1, x2, y2] = fitBox([100, 80, 100, 80], size);
    expect([x2 - x1, y2 - y1]).toEqual([2, 2]);
    expect(x2).toBeLessThanOrEqual(100);
    expect(y2).toBeLessThanOrEqual(80);
  });

  test("moving takes the keypoints along, and both stop at the border", () => {
    expect(moveObject(animal(), 5, -3, size)).toMatchObject({ box: [15, 7, 35, 17], keypoints: [[17, 9, 2], [33, 15, 1]], confirmed: true });
    expect(moveObject(animal(), -500, 500, size)).toMatchObject({ box: [0, 70, 20, 80], keypoints: [[2, 72, 2], [18, 78, 1]] });
  });

  test("resizing leaves the keypoints where they are", () => {
    expect(resizeObject(animal(), [5, 5, 40, 200], size)).toMatchObject({ box: [5, 5, 40, 80], keypoints: [[12, 12, 2], [28, 18, 1]], confirmed: true });
  });
});

describe("keypoints", () => {
  test("a new animal has all of them, absent, in the middle of its box", () => {
    const made = newObject({ box: [10, 10, 30, 20], className: "mouse", keypoints: 2, size });
    expect(made).toMatchObject({ class: "mouse", keypoints: [[20, 15, 0], [20, 15, 0]], source: "person", confirmed: true });
    expect(made.id).toMatch(/^[0-9a-z]{12}$/);
    expect(keypointsPlaced(made)).toBe(0);
  });

  test("placed inside the frame only", () => {
    expect(placeKeypoint(animal(), 1, 140, -2, 2, size).keypoints).toEqual([[12, 12, 2], [100, 0, 2]]);
  });

  test("visible, occluded, absent, visible", () => {
    const seen = [1, 2, 3].map((turns) => Array.from({ length: turns }).reduce<LabeledObject>((object) => turnVisibility(object, 0), animal()).keypoints[0]?.[2]);
    expect(seen).toEqual([1, 0, 2]);
  });
});
