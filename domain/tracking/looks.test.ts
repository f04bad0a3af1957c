import { describe, expect, test } from "vitest";
import { createRandom } from "../../scripts/sample/random.ts";
import type { Detection, FrameDetections } from "../detections.ts";
import { exchange } from "./exchange.ts";
import { createTracker } from "./tracker.ts";

const FRAMES = 600;

/**
 * Two animals come together from both sides each 100 frames, are one box for some frames, and go on or turn back (`passes`).
 * Gives the frames, and for each animal its id in the frames in which both are seen.
 */
function meet({ looks, passes, ...how }: { looks: [number, number] | null; passes: (meeting: number) => boolean; numAnimals: number | null; atOnce?: number }): number[][] {
  const random = createRandom(4);
  const frames: FrameDetections[] = [];
  const who: (0 | 1)[][] = [];
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const meeting = Math.floor(frame / 100);
    const away = Math.abs((frame % 100) - 50) * 4;
    const passed = Array.from({ length: meeting + (frame % 100 >= 50 ? 1 : 0) }, (_, i) => passes(i)).filter(Boolean).length % 2 === 1;
    const left: 0 | 1 = passed ? 1 : 0;
    const see = (animal: 0 | 1, x: number): Detection => {
      const shade = () => (looks === null ? 0 : looks[animal] + 4 * random.normal());
      return { box: [x - 20, 85, x + 20, 115], score: 0.9, classId: 0, keypoints: [], ...(looks === null ? {} : { look: [shade(), shade(), shade()] as [number, number, number] }) };
    };
    const merged = away < 24;
    who.push(merged ? [] : [left, left === 0 ? 1 : 0]);
    frames.push({ frame, time: frame / 30, detections: merged ? [see(left, 300)] : [see(left, 300 - away), see(left === 0 ? 1 : 0, 300 + away)] });
  }
  const tracker = createTracker({ ...how, fps: 30, frameSkip: 0 });
  for (const frame of frames) tracker.push(frame);
  const assignment = tracker.finish();
  const ids: number[][] = [[], []];
  for (const [frame, animals] of who.entries()) for (const [k, animal] of animals.entries()) ids[animal]!.push(assignment.idsOf(frame)[k]!);
  return ids;
}

describe("two animals that are one box for a moment", () => {
  const passes = (meeting: number): boolean => meeting % 3 !== 1;

  test("are told apart afterwards by how they look", () => {
    const ids = meet({ looks: [60, 100], passes, numAnimals: 2 });
    expect(ids.map((of) => [...new Set(of)])).toEqual([[0], [1]]);
    // Also where the tracklets of the first meetings are settled before the last ones are there.
    expect(meet({ looks: [60, 100], passes, numAnimals: 2, atOnce: 12 })).toEqual(ids);
  });

  test("are treated as without looks where they look the same", () => {
    expect(meet({ looks: [80, 80], passes, numAnimals: 2 })).toEqual(meet({ looks: null, passes, numAnimals: 2 }));
    // And without looks nobody can know.
    expect(new Set(meet({ looks: null, passes, numAnimals: 2 })[0]).size).toBe(2);
  });
});

describe("exchange between lanes", () => {
  const looks = (values: number[]) => values.map((value) => ({ look: [value, value, value], weight: 0.9 }));
  const begins = (i: number): number => Math.floor(i / 2);
  const free = { begins, linkCost: () => 0.1 };

  test("for good, for a while, and both", () => {
    // Tracklets 0, 2, 4, ... are the dark animal's, the others the light one's.
    const own = looks(Array.from({ length: 24 }, (_, i) => (i % 2) * 6));
    for (const wrong of [(k: number) => k >= 5, (k: number) => k >= 4 && k < 6, (k: number) => (k >= 2 && k < 4) || k >= 8]) {
      const lanes: number[][] = [[], []];
      for (let k = 0; k < 12; k += 1) for (const side of [0, 1]) lanes[wrong(k) ? 1 - side : side]!.push(2 * k + side);
      exchange(lanes, { ...free, looks: own });
      expect(lanes.map((lane) => new Set(lane.map((i) => i % 2)).size)).toEqual([1, 1]);
      expect(lanes.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    }
  });

  test("never of those that are settled", () => {
    // The first of each lane is of many tracklets; what follows has changed animals.
    const lanes = [[0, 3, 5, 7], [1, 2, 4, 6]];
    exchange(lanes, { ...free, fixed: 2, looks: looks([0, 6, 0, 6, 0, 6, 0, 6]).map((look, i) => (i < 2 ? { ...look, weight: 9 } : look)) });
    expect(lanes).toEqual([[0, 2, 4, 6], [1, 3, 5, 7]]);
  });

  test("not for what chance may be, and not where no animal can have gone that way", () => {
    const random = createRandom(1);
    const lanes = (): number[][] => [0, 1].map((side) => Array.from({ length: 40 }, (_, k) => 2 * k + side));
    const alike = lanes();
    exchange(alike, { ...free, looks: looks(Array.from({ length: 80 }, () => random.normal())) });
    expect(alike).toEqual(lanes());
    const mixed = lanes();
    exchange(mixed, { begins, linkCost: (from, to) => (from % 2 === to % 2 ? 0.1 : Infinity), looks: looks(Array.from({ length: 80 }, (_, i) => ((i % 2) + (i < 40 ? 0 : 1)) % 2 * 6)) });
    expect(mixed).toEqual(lanes());
  });
});
