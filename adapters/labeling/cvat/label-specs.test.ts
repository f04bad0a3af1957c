import { describe, expect, it } from "vitest";
import { boxName, labelSpecs } from "./label-specs.ts";

const task = (classes: string[], keypoints: string[] = ["head", "tail"]) => ({ classes, keypoints, skeleton: [[0, 1]] as [number, number][] });

describe("labels for CVAT", () => {
  it("have names that are all different, and none too long for CVAT, whatever the classes are called", () => {
    for (const classes of [["fly"], ["fly", "fly box"], ["fly", "fly box", "fly_box", "fly-box"], ["x".repeat(60)]]) {
      const names = labelSpecs(task(classes)).map(({ name }) => name);
      expect(new Set(names).size).toBe(classes.length * 2);
      expect(names).toEqual(expect.arrayContaining(classes));
      expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(64);
    }
    expect(() => boxName(task(["a", "a box", "a_box", "a-box", "a.box", "a+box"]), "a")).toThrow(/leave no name/);
  });

  it("draw a skeleton with a circle for each keypoint and a line for each pair, within its picture", () => {
    const svg = labelSpecs(task(["fly"], ["head", "wing & leg", "tail"]))[0]!.svg!;
    expect([...svg.matchAll(/data-label-name="([^"]*)"/g)].map(([, name]) => name)).toEqual(["head", "wing & leg", "tail"]);
    expect(svg).toContain('data-node-from="1" stroke-width="0.5" data-node-to="2"');
    for (const [, x, y] of svg.matchAll(/cx="([^"]*)" cy="([^"]*)"/g)) for (const value of [Number(x), Number(y)]) expect(value >= 0 && value <= 100).toBe(true);
  });
});
