import { expect, test } from "vitest";
import type { Detection } from "../detections.ts";
import { inDoubt, type Matching } from "./doubt.ts";
import { createTracker } from "./tracker.ts";
import { createTracklets } from "./tracklets.ts";

const matching = (cost: number[][], detectionOf: number[], counts: (track: number) => boolean = () => true): Matching => ({
  cost,
  detectionOf: Int32Array.from(detectionOf),
  trackOf: Int32Array.from(cost[0]!, (_, d) => detectionOf.indexOf(d)),
  limit: 0.72,
  counts,
});

test("a match is in doubt where another one is nearly as good", () => {
  // Far apart; about to change places; a detection that nobody got; a track that got nothing, and one that is no rival.
  expect(inDoubt(0, matching([[0.1, 0.8], [0.8, 0.1]], [0, 1]))).toBe(false);
  expect(inDoubt(0, matching([[0.3, 0.35], [0.32, 0.3]], [0, 1]))).toBe(true);
  expect(inDoubt(0, matching([[0.3, 0.35]], [0]))).toBe(true);
  expect(inDoubt(0, matching([[0.3], [0.35]], [0, -1]))).toBe(true);
  expect(inDoubt(0, matching([[0.3], [0.35]], [0, -1], () => false))).toBe(false);
  expect(inDoubt(0, matching([[0.3, Infinity], [Infinity, 0.3]], [0, 1]))).toBe(false);
});

/** Nose to the right at x + 50, tail base to the left. */
const lying = (x: number, y: number, score: number): Detection => ({ box: [x - 50, y - 20, x + 50, y + 20], score, classId: 0, keypoints: [[x + 50, y, 0.9], [x, y, 0.9], [x - 50, y, 0.9]] });

/** Two that lie beside each other; for a second the model's surest box of the upper one lies nearer and nearer to the lower one. */
const between = (frame: number): Detection[] => {
  const off = frame < 30 || frame >= 60 ? null : 8 + (frame - 30) * 0.15;
  return [...(off === null ? [] : [lying(300, 100 + off, 0.95)]), lying(300, 100, 0.8), lying(300, 138, 0.78)];
};

test("the animal's own box counts, not the surer one that lies between two animals", () => {
  const tracker = createTracker({ numAnimals: 2, fps: 30, frameSkip: 0 });
  for (let frame = 0; frame < 90; frame += 1) tracker.push({ frame, time: frame / 30, detections: between(frame) });
  const assignment = tracker.finish();
  for (let frame = 0; frame < 90; frame += 1) expect([frame, ...assignment.idsOf(frame).slice(-2)]).toEqual([frame, 0, 1]);
});

test("tracklets are cut where doubt begins and ends, and only where that is wanted", () => {
  const boxAt = (y: number, score: number): Detection => ({ ...lying(300, y, score), keypoints: [] });
  const count = (cutWhereDoubtful: boolean) => {
    const online = createTracklets({ fps: 30, frameSkip: 0, cutWhereDoubtful });
    for (let frame = 0; frame < 90; frame += 1) online.push({ frame, time: frame / 30, detections: frame >= 30 && frame < 60 ? [boxAt(100, 0.8), boxAt(101, 0.79)] : [boxAt(100, 0.8)] });
    return online.tracklets.size;
  };
  expect(count(true)).toBe(3);
  expect(count(false)).toBe(1);
});
