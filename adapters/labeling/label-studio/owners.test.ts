import { describe, expect, it } from "vitest";
import { assignOwners, type Point } from "./owners.ts";

const left = { id: "left", box: [0, 0, 100, 100] };
const right = { id: "right", box: [50, 0, 150, 100] };
const point = (x: number, owner: string | null = null, name = 0): Point => ({ name, x, y: 50, owner });

describe("whose a keypoint is", () => {
  it("is said by the labelers, wherever it lies", () => {
    expect(assignOwners([point(500, "left"), point(75, "right")], [left, right])).toEqual({ owners: ["left", "right"] });
  });

  it("is seen from the box around it", () => {
    expect(assignOwners([point(10), point(140)], [left, right])).toEqual({ owners: ["left", "right"] });
  });

  it("follows from the others where boxes overlap", () => {
    expect(assignOwners([point(75), point(10)], [left, right])).toEqual({ owners: ["right", "left"] });
    expect(assignOwners([point(60), point(75, "left")], [left, right])).toEqual({ owners: ["right", "left"] });
    // Another keypoint of the same box says nothing.
    expect(assignOwners([point(75), point(10, null, 1)], [left, right])).toMatchObject({ problem: "ambiguous" });
  });

  it("is a question where nothing decides", () => {
    expect(assignOwners([point(60), point(70)], [left, right])).toMatchObject({ problem: "ambiguous", point: { x: 60 } });
    expect(assignOwners([point(500)], [left, right])).toMatchObject({ problem: "nowhere" });
    expect(assignOwners([point(10), point(20)], [left, right])).toMatchObject({ problem: "two", point: { x: 20 } });
    expect(assignOwners([point(10, "left"), point(20, "left")], [left, right])).toMatchObject({ problem: "two" });
  });
});
