import { expect, test } from "vitest";
import { assEvents, assHead, assTime, borderBefore, colourOf } from "./ass.ts";
import type { ResultRow } from "./result.ts";

const metadata = { origin_width: 100, origin_height: 50, classes: ["fly"], skeleton: [[0, 1]] as [number, number][] };
const row: ResultRow = {
  frame: 3,
  timestamp: 0.1,
  ids: ["0"],
  boxes: [[0.1, 0.4, 0.3, 0.8]],
  boxes_score: [0.9],
  keypoints: [[[0.1, 0.4], [0.3, 0.8]]],
  keypoints_score: [[0.9, 0.8]],
  smoothed_keypoints: [[[0.2, 0.4], [0.2, 0.8]]],
  class_ids: [0],
};
/** x y pairs of the drawing of the first line, in pixels. */
const placesIn = (line: string): number[] => (/\\p4\}(.*)\{\\p0\}/.exec(line)?.[1] ?? "").split(/[ ml]+/).filter((s) => s !== "").map((n) => Number(n) / 8);

test("times are centiseconds, carried over minutes and hours", () => {
  expect([0, -1, 0.004, 59.999, 3661.5].map(assTime)).toEqual(["0:00:00.00", "0:00:00.00", "0:00:00.00", "0:01:00.00", "1:01:01.50"]);
});

test("a frame begins half-way after the one before it, whatever the rate does", () => {
  const times = [0, 0.04, 0.08, 0.2];
  expect([0, 1, 2, 3].map((n) => borderBefore(times, n))).toEqual([0, 0.02, 0.06, 0.14]);
  expect(borderBefore(times, 4)).toBeCloseTo(1.2);
});

test("a box is drawn where it is, with its skeleton, its id and the time", () => {
  const lines = assEvents({ row, metadata, from: 0.0833, to: 0.1167 }).trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^Dialogue: 1,0:00:00\.08,0:00:00\.12,Draw,/);
  expect(placesIn(lines[0] ?? "").slice(0, 8)).toEqual([10, 20, 30, 20, 30, 40, 10, 40]);
  // The bone runs straight down at x = 20, 1.5 px thick, between the smoothed keypoints.
  const bone = placesIn(lines[0] ?? "").slice(16, 24);
  expect(Math.min(...bone.filter((_, i) => i % 2 === 0))).toBeCloseTo(19.25);
  expect(Math.max(...bone.filter((_, i) => i % 2 === 1))).toBeCloseTo(40);
  expect(lines[1]).toContain(`${colourOf("0")}}0`);
  expect(lines[2]).toMatch(/0\.100 s {3}3$/);
});

test("a trail lies under its animal, in its colour, from place to place", () => {
  const trails = new Map([["0", [[0.1, 0.5], [0.15, 0.5], [0.2, 0.6]] as const]]);
  const [trail = "", shape = ""] = assEvents({ row, metadata, trails, from: 0, to: 1 }).split("\n");
  expect(trail).toMatch(/^Dialogue: 0,/);
  expect(trail).toContain(colourOf("0"));
  expect(shape).toMatch(/^Dialogue: 1,/);
  expect(placesIn(trail)).toHaveLength(16);
  expect(placesIn(trail).slice(0, 2)).toEqual([10, 24.25]);
  expect(assEvents({ row, metadata, trails: new Map([["0", [[0.1, 0.5] as const]]]), from: 0, to: 1 })).toBe(assEvents({ row, metadata, from: 0, to: 1 }));
});

test("a guessed keypoint is not drawn, nor the bone that ends at it", () => {
  const [line = ""] = assEvents({ row: { ...row, keypoints_score: [[0.9, 0.1]] }, metadata, from: 0, to: 1 }).split("\n");
  expect(placesIn(line)).toHaveLength(8 + 8 + 16);
});

test("every shape but a box's inner edge runs the same way round", () => {
  for (const end of [[0.9, 0.1], [0.1, 0.9], [0.05, 0.05], [0.9, 0.9]] as [number, number][]) {
    const [line = ""] = assEvents({ row: { ...row, smoothed_keypoints: [[[0.5, 0.5], end]] }, metadata, from: 0, to: 1 }).split("\n");
    const bone = placesIn(line).slice(16, 24);
    let area = 0;
    for (let i = 0; i < 4; i++) area += (bone[2 * i] ?? 0) * (bone[(2 * i + 3) % 8] ?? 0) - (bone[(2 * i + 2) % 8] ?? 0) * (bone[2 * i + 1] ?? 0);
    expect(area).toBeGreaterThan(0);
  }
});

test("a class's name cannot give commands, and a span too short to show gives no lines", () => {
  const named = { ...metadata, classes: ["{\\fs200}a", "b"] };
  const [, label = ""] = assEvents({ row, metadata: named, from: 0, to: 1 }).split("\n");
  expect(label.endsWith("0 (/fs200)a")).toBe(true);
  expect(assEvents({ row, metadata, from: 1, to: 1.001 })).toBe("");
});

test("the script is as large as the video", () => {
  expect(assHead(metadata)).toMatch(/PlayResX: 100\nPlayResY: 50\n/);
  expect(new Set(Array.from({ length: 14 }, (_, i) => colourOf(String(i)))).size).toBe(14);
});
