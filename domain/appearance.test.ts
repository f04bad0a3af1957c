import { describe, expect, test } from "vitest";
import { lookOf } from "./appearance.ts";

const size = { width: 120, height: 80 };

/** Planar RGB, made from a colour for each pixel. */
function image(colourAt: (x: number, y: number) => [number, number, number]): Buffer {
  const plane = size.width * size.height;
  const pixels = Buffer.alloc(3 * plane);
  for (let at = 0; at < plane; at += 1) for (const [channel, value] of colourAt(at % size.width, Math.floor(at / size.width)).entries()) pixels[channel * plane + at] = value;
  return pixels;
}

describe("how a body looks", () => {
  test("between its keypoints, also where it is bent around the ground", () => {
    // A body along three sides of a square: the middle of all its keypoints is ground.
    const body = (x: number, y: number): boolean => x >= 20 && x < 80 && y >= 10 && y < 70 && !(x >= 32 && y >= 22 && y < 58);
    const pixels = image((x, y) => (body(x, y) ? [90, 60, 30] : [200, 210, 220]));
    const keypoints: [number, number, number][] = [[75, 16, 0.9], [50, 16, 0.9], [26, 16, 0.9], [26, 64, 0.9], [50, 64, 0.9], [75, 64, 0.9]];
    expect(lookOf(pixels, size, { box: [20, 10, 80, 70], keypoints })).toEqual([90, 60, 30]);
    // Keypoints that are only guessed do not count.
    expect(lookOf(pixels, size, { box: [20, 10, 80, 70], keypoints: [...keypoints, [110, 40, 0.2]] })).toEqual([90, 60, 30]);
  });

  test("without keypoints in the middle of the box; some ground does not matter", () => {
    const pixels = image((x, y) => ((x - 60) ** 2 / 900 + (y - 40) ** 2 / 400 < 1 && x % 5 > 0 ? [10, 20, 30] : [255, 255, 255]));
    expect(lookOf(pixels, size, { box: [30, 20, 90, 60], keypoints: [] })).toEqual([10, 20, 30]);
    expect(lookOf(pixels, size, { box: [30, 20, 90, 60], keypoints: [[60, 40, 0.9], [100, 70, 0.1]] })).toEqual([10, 20, 30]);
  });

  test("at the rim and beyond it", () => {
    const pixels = image((x) => (x < 10 ? [1, 2, 3] : [9, 9, 9]));
    expect(lookOf(pixels, size, { box: [-20, 0, 12, 60], keypoints: [] })).toEqual([1, 2, 3]);
    expect(lookOf(pixels, size, { box: [-60, 0, -20, 60], keypoints: [] })).toBeUndefined();
    expect(lookOf(pixels, size, { box: [0, 0, 20, 20], keypoints: [[5, 5, 1], [5, 5, 1], [5, 5, 1]] })).toBeDefined();
  });
});
