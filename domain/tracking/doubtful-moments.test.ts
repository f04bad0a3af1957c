import { expect, test } from "vitest";
import type { Detection } from "../detections.ts";
import { identityDoubts } from "../result-rows.ts";
import { createDoubtLog, type DoubtfulMoment } from "./doubtful-moments.ts";
import { createTracker } from "./tracker.ts";

const FPS = 30;
const animal = (x: number, y: number): Detection => ({ box: [x - 20, y - 15, x + 20, y + 15], score: 0.9, classId: 0, keypoints: [] });

function moments(see: (frame: number) => Detection[], numAnimals: number | null): DoubtfulMoment[] {
  const tracker = createTracker({ numAnimals, fps: FPS, frameSkip: 0 });
  for (let frame = 0; frame < 120; frame += 1) tracker.push({ frame, time: frame / FPS, detections: see(frame) });
  return tracker.finish().doubtfulMoments();
}

/** One stands, the other comes to it, stays in its place from frame 50 to 69, and goes back. */
const visit = (frame: number): number => 300 + Math.max(0, Math.abs(frame - 59.5) - 10) * 6;

test.each([2, null])("two in one place are close, one that is not found there is merged (number known: %s)", (numAnimals) => {
  const close = moments((frame) => [animal(300, 100), animal(visit(frame), 100.5)], numAnimals);
  expect(close).toMatchObject([{ ids: [0, 1], why: "close" }]);
  expect(close[0]!.from).toBeGreaterThan(40);
  expect(close[0]!.to).toBeLessThan(80);
  expect(close[0]!.time).toBeCloseTo(close[0]!.from / FPS, 9);
  const merged = moments((frame) => (frame >= 52 && frame < 68 ? [animal(300, 101)] : [animal(300, 100), animal(visit(frame), 100.5)]), numAnimals);
  expect(merged).toMatchObject([{ ids: [0, 1], why: "merged" }]);
  expect(merged[0]!.from <= 52 && merged[0]!.to >= 55).toBe(true);
});

test("no doubt where nobody comes near, and none about a false box", () => {
  expect(moments((frame) => [animal(300, 100), animal(500 + frame, 102)], 2)).toEqual([]);
  expect(moments((frame) => [animal(300, 100), animal(500, 102), ...(frame === 60 || frame === 61 ? [{ ...animal(505, 104), score: 0.4 }] : [])], 2)).toEqual([]);
});

test("frames that follow each other are one moment, also from tracklet to tracklet; pairs of one animal or with nobody are none", () => {
  const log = createDoubtLog(FPS);
  const note = (frame: number, a: number, b: number, merged = false) => log.note({ frame, time: frame / FPS, a, b, merged });
  note(10, 1, 0);
  note(11, 0, 1);
  note(20, 2, 3, true);
  note(90, 2, 3);
  note(30, 4, 5);
  note(30, 0, 6);
  // Tracklets 0 and 2 are animal 0; 1 and 3 are animal 1; 4 and 5 both animal 2; 6 is nobody.
  const idOf = (tracklet: number): number => [0, 1, 0, 1, 2, 2, -1][tracklet]!;
  expect(log.moments(idOf)).toEqual([
    { from: 10, to: 20, time: 10 / FPS, ids: [0, 1], why: "merged" },
    { from: 90, to: 90, time: 3, ids: [0, 1], why: "close" },
  ]);
});

test("of very many moments the likeliest are listed, by frame, and all are counted", () => {
  const many = Array.from({ length: 3000 }, (_, i): DoubtfulMoment => ({ from: 100 * i, to: 100 * i + (i % 7), time: i, ids: [0, 1], why: i % 10 === 0 ? "merged" : "close" }));
  const { count, moments: listed } = identityDoubts(many);
  expect(count).toBe(3000);
  expect(listed).toHaveLength(1000);
  expect(listed.filter(({ why }) => why === "merged")).toHaveLength(300);
  expect(listed.map(({ frame }) => frame)).toEqual(listed.map(({ frame }) => frame).toSorted((a, b) => a - b));
  expect(Math.min(...listed.filter(({ why }) => why === "close").map(({ frame, until_frame }) => until_frame - frame))).toBeGreaterThan(3);
  expect(listed[0]).toEqual({ frame: 0, until_frame: 0, timestamp: 0, ids: ["0", "1"], why: "merged" });
});
