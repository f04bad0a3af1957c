import { describe, expect, test } from "vitest";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { between, putBetween } from "./interpolate.ts";

const animal = (change: Partial<LabeledObject> = {}): LabeledObject => ({ id: "a", class: "mouse", box: [0, 0, 10, 20], keypoints: [[5, 5, 2], [1, 1, 0], [2, 2, 2]], track: "1", source: "person", confirmed: true, ...change });

describe("an animal between two of its places", () => {
  test("lies in between, is sure of nothing that one of them does not know, and is not confirmed", () => {
    const middle = between(animal(), animal({ box: [100, 0, 110, 40], keypoints: [[105, 25, 1], [9, 9, 2], [42, 2, 2]] }), 0.25);
    expect(middle).toMatchObject({ box: [25, 0, 35, 25], keypoints: [[30, 10, 1], [3, 3, 0], [12, 2, 2]], track: "1", confirmed: false, source: "person" });
  });

  test("takes the place of a pre-label, never of what a person drew", () => {
    const here = between(animal(), animal(), 0.5);
    const prelabel = animal({ id: "p", box: [1, 1, 11, 21], confirmed: false, source: "motion" });
    const { track: _, ...untracked } = prelabel;
    expect(putBetween([untracked], here)).toEqual([{ ...here, id: "p" }]);
    expect(putBetween([animal({ id: "other", track: "2", confirmed: false })], here)).toHaveLength(2);
    expect(putBetween([animal({ id: "mine" })], here)).toBeNull();
    expect(putBetween([animal({ id: "far", box: [50, 50, 60, 60], confirmed: false })], here)).toEqual([{ ...here, id: "far" }]);
  });
});
