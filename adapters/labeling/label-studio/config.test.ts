import { describe, expect, it } from "vitest";
import { instructions, labelConfig } from "./config.ts";
import { colour } from "./palette.ts";

describe("the labeling config", () => {
  it("names each class and keypoint, as XML has to have it", () => {
    const xml = labelConfig({ classes: ["cow & calf", "dog"], keypoints: ["nose"] });
    expect(xml.match(/<Label value="[^"]*"/g)).toEqual(['<Label value="cow &amp; calf"', '<Label value="dog"', '<Label value="nose"']);
    expect(xml).toContain('<Choice value="Occluded"/>');
    for (const tag of ["View", "RectangleLabels", "KeyPointLabels", "Choices"]) expect(xml.match(new RegExp(`<${tag}[ >]`, "g"))).toHaveLength(xml.match(new RegExp(`</${tag}>`, "g"))!.length);
  });

  it("says nothing of keypoints where there are none", () => {
    const xml = labelConfig({ classes: ["fly"], keypoints: [] });
    expect(xml).not.toMatch(/KeyPoint|Occluded/);
    expect(instructions({ classes: ["fly"], keypoints: [], skeleton: [] })).not.toContain("Ctrl");
  });

  it("tells labelers which keypoints the skeleton joins", () => {
    expect(instructions({ classes: ["fly"], keypoints: ["head", "a <b>"], skeleton: [[0, 1]] })).toContain("head and a &lt;b&gt;");
  });

  it("gives neighbours colours that differ", () => {
    const colours = Array.from({ length: 100 }, (_, i) => colour(i));
    expect(new Set(colours).size).toBe(100);
    expect(colours.every((text) => /^#[0-9a-f]{6}$/.test(text))).toBe(true);
  });
});
