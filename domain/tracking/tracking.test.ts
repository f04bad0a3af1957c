import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { simulate } from "../../scripts/sample/behaviour.ts";
import { bodyOf, boxOf, covers, keypointsOf } from "../../scripts/sample/body.ts";
import { createRandom } from "../../scripts/sample/random.ts";
import type { Detection, FrameDetections } from "../detections.ts";
import type { Truth } from "../result.ts";
import { disturb, foretold, trackAndScore, type Disturbance } from "./disturb.test-tools.ts";
import { joinOnLanes } from "./join-lanes.ts";
import { linkCost } from "./link-cost.ts";
import { createTracker } from "./tracker.ts";
import type { Hit, Tracklet } from "./tracklet.ts";

const MODEL: Omit<Disturbance, "seed" | "mergeAbove"> = { jitter: 0.02, missed: 0.04, falseBoxes: 0.05, doubled: 0.02, merged: 0.5 };

/** The sample's animals without its pictures. */
function meetings(seed: number): Truth {
  const [width, height] = [1280, 720];
  const poses = simulate({ seed, width, height, fps: 30, animals: 3, length: 141, wall: 28 });
  const labels = Array.from({ length: 1200 }, (_, frame) => {
    const pose = poses.next().value;
    const bodies = pose.map(bodyOf);
    return {
      frame,
      animals: bodies.map((body, i) => ({
        track: `mouse_${i + 1}`,
        box: boxOf(body, width, height),
        keypoints: keypointsOf(pose[i]!, body).map((point): [number, number, number] => [point.x, point.y, bodies.slice(i + 1).some((above) => covers(above, point)) ? 0 : 1]),
      })),
    };
  });
  return { video: "", width, height, fps: 30, frames: 1200, class: "mouse", keypoints: [], tracks: ["mouse_1", "mouse_2", "mouse_3"], labels };
}

const withoutKeypoints = (frames: FrameDetections[]) => frames.map((frame) => ({ ...frame, detections: frame.detections.map((detection) => ({ ...detection, keypoints: [] })) }));

describe("three animals that meet, as a middling model finds them", () => {
  const truth = meetings(7);
  test.each([1, 2, 3, 4])("at most 3 switches with the number known and not (noise %i)", (seed) => {
    const frames = disturb(truth, { ...MODEL, seed, mergeAbove: 0.25 });
    for (const numAnimals of [3, null]) {
      const scores = trackAndScore({ truth, frames, numAnimals });
      expect(scores.idSwitches).toBeLessThanOrEqual(3);
      expect(scores.ids).toBe(3);
      expect(scores.mota).toBeGreaterThan(0.85);
    }
  });

  test.each([30, 60])("no worse when tracklets are settled while they come, as in a long video (%i at once)", (atOnce) => {
    const frames = disturb(truth, { ...MODEL, seed: 2, mergeAbove: 0.25 });
    for (const numAnimals of [3, null]) {
      const scores = trackAndScore({ truth, frames, numAnimals, atOnce });
      expect(scores.idSwitches).toBeLessThanOrEqual(3);
      expect(scores.ids).toBe(3);
      expect(scores.idf1).toBeGreaterThan(trackAndScore({ truth, frames, numAnimals }).idf1 - 0.02);
    }
  });

  test("boxes alone do nearly as well", () => {
    const scores = trackAndScore({ truth, frames: withoutKeypoints(disturb(truth, { ...MODEL, seed: 1, mergeAbove: 0.25 })), numAnimals: 3 });
    expect(scores.idSwitches).toBeLessThanOrEqual(6);
  });

  test("moments that are in doubt are few, and nearly all switches lie in them", () => {
    const [all, told]: [number[], number[]] = [[], []];
    for (const seed of [1, 2, 3]) {
      const frames = disturb(truth, { seed, jitter: 0.06, missed: 0.2, falseBoxes: 0.5, doubled: 0.1, merged: 1, mergeAbove: 0.2 });
      const scores = trackAndScore({ truth, frames: withoutKeypoints(frames), numAnimals: 3 });
      expect(scores.switches).toHaveLength(scores.idSwitches);
      expect(scores.doubts.length).toBeLessThan(120);
      all.push(scores.idSwitches);
      told.push(foretold(scores, truth.fps).length);
    }
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    expect(sum(all)).toBeGreaterThan(10);
    expect(sum(told) / sum(all)).toBeGreaterThan(0.8);
  });

  test("a poor model: still never more ids than animals", () => {
    const frames = disturb(truth, { seed: 3, jitter: 0.06, missed: 0.2, falseBoxes: 0.5, doubled: 0.1, merged: 1, mergeAbove: 0.2 });
    const scores = trackAndScore({ truth, frames, numAnimals: 3 });
    expect(scores.ids).toBe(3);
    expect(scores.idSwitches).toBeLessThanOrEqual(20);
  });
});

const flies = new URL("../../../shared/real/flies/truth.json", import.meta.url);
test.skipIf(!existsSync(flies))("real flies, one of the two lost where they touch (needs ../shared/real/flies)", () => {
  const truth = JSON.parse(readFileSync(flies, "utf8")) as Truth;
  for (const seed of [1, 2, 3]) {
    const frames = disturb(truth, { ...MODEL, seed, mergeAbove: 0.05 });
    expect(trackAndScore({ truth, frames, numAnimals: 2 }).idSwitches).toBeLessThanOrEqual(5);
    expect(trackAndScore({ truth, frames, numAnimals: null }).idSwitches).toBeLessThanOrEqual(20);
  }
});

const at = (x: number, y = 100, score = 0.9, classId = 0): Detection => ({ box: [x - 20, y - 15, x + 20, y + 15], score, classId, keypoints: [] });

/** Ids frame by frame; `see` gives what is found. */
function ids(count: number, see: (frame: number) => Detection[], numAnimals: number | null, frameSkip = 0): number[][] {
  const tracker = createTracker({ numAnimals, fps: 30, frameSkip });
  for (let i = 0; i < count; i += 1) tracker.push({ frame: i * (frameSkip + 1), time: (i * (frameSkip + 1)) / 30, detections: see(i * (frameSkip + 1)) });
  const assignment = tracker.finish();
  expect(assignment.frames).toBe(count);
  return Array.from({ length: count }, (_, i) => [...assignment.idsOf(i)]);
}

test("ids are numbered by first appearance", () => {
  const found = ids(60, (frame) => (frame < 20 ? [at(500)] : [at(100), at(500)]), 2);
  expect(found[0]).toEqual([0]);
  expect(found[59]).toEqual([1, 0]);
});

test("who was away for long comes back with the same id when the number is known, wherever it comes back", () => {
  const found = ids(400, (frame) => [at(100), ...(frame < 50 ? [at(600)] : frame > 300 ? [at(900, 400)] : [])], 2);
  expect(found[10]).toEqual([0, 1]);
  expect(found[399]).toEqual([0, 1]);
  // Not known: far away and long after is somebody else.
  expect(ids(400, (frame) => [at(100), ...(frame < 50 ? [at(600)] : frame > 300 ? [at(900, 400)] : [])], null)[399]).toEqual([0, 2]);
});

test("a short gap is bridged when the number is not known", () => {
  const found = ids(120, (frame) => (frame >= 40 && frame < 80 ? [] : [at(100 + frame)]), null);
  expect(new Set(found.flat())).toEqual(new Set([0]));
});

test("more boxes than animals: never more ids than animals, in no frame and not in all", () => {
  const found = ids(100, (frame) => [at(100), at(400), at(700, 300, 0.55), ...(frame % 20 < 6 ? [at(1000, 500, 0.6)] : [])], 2);
  expect(new Set(found.flat())).toEqual(new Set([0, 1, -1]));
  for (const row of found) expect(row.slice(0, 3)).toEqual([0, 1, -1]);
});

test("a false box of one or two frames gets no id", () => {
  const found = ids(60, (frame) => [at(100), ...(frame === 30 || frame === 31 ? [at(800)] : [])], null);
  expect(found[30]).toEqual([0, -1]);
});

test("a weak model's low scores are tracked all the same", () => {
  expect(ids(30, (frame) => [at(100 + frame, 100, 0.28)], 1).flat()).toEqual(Array.from({ length: 30 }, () => 0));
});

test("an animal never changes into one of another class", () => {
  const found = ids(60, (frame) => [at(100 + frame, 100, 0.9, frame < 30 ? 0 : 1)], null);
  expect(found[0]).toEqual([0]);
  expect(found[59]).toEqual([1]);
});

test("animals of different classes are never one track, however many there are said to be", () => {
  // Two that come together and part; the classes stay with the animals, and twice the model misses one of them for a while.
  const see = (frame: number): Detection[] => {
    const x = 300 - Math.abs(60 - frame) * 4;
    return [...(frame > 50 && frame < 58 ? [] : [at(x, 100, 0.9, 0)]), ...(frame > 62 && frame < 72 ? [] : [at(600 - x, 100, 0.8, 1)])];
  };
  for (const numAnimals of [null, 1, 2, 3]) {
    const classOf = new Map<number, Set<number>>();
    for (const [frame, row] of ids(120, see, numAnimals).entries()) for (const [k, id] of row.entries()) if (id >= 0) classOf.set(id, (classOf.get(id) ?? new Set()).add(see(frame)[k]!.classId));
    expect(classOf.size).toBeGreaterThanOrEqual(numAnimals === 1 ? 1 : 2);
    expect(classOf.size).toBeLessThanOrEqual(numAnimals ?? Infinity);
    for (const classes of classOf.values()) expect(classes.size).toBe(1);
  }
});

test("where two touch, the doubtful box is one animal's own: the sure one of the other is not taken for it", () => {
  const found = ids(90, (frame) => [at(300, 100, 0.9), at(frame < 30 ? 400 - 2 * frame : 340, 104, frame < 30 || frame > 60 ? 0.9 : 0.42)], 2);
  for (const row of found) expect(row).toEqual([0, 1]);
});

test("frames that were left out: two that walk towards each other and past keep their ids", () => {
  const found = ids(30, (frame) => [at(100 + frame * 4, 100), at(700 - frame * 4, 160)], 2, 4);
  for (const row of found) expect(row).toEqual([0, 1]);
});

test("no frames, empty frames, a single frame", () => {
  expect(ids(0, () => [], 2)).toEqual([]);
  expect(ids(5, () => [], null)).toEqual([[], [], [], [], []]);
  expect(ids(1, () => [at(100), at(500)], null)).toEqual([[0, 1]]);
  expect(ids(1, () => [at(100), at(500, 100, 0.8)], 1)).toEqual([[0, -1]]);
});

test("lanes: as good as the best of all ways to put tracklets on two lanes", () => {
  const random = createRandom(9);
  for (let trial = 0; trial < 40; trial += 1) {
    const tracklets = Array.from({ length: 6 }, (): Tracklet => {
      const start = Math.floor(random.next() * 100);
      const hits = 3 + Math.floor(random.next() * 30);
      const x = random.next() * 600;
      const hit = (frame: number): Hit => ({ frame, box: [x, 0, x + 30, 30], keypoints: [] });
      return { index: 0, classId: 0, hits, scoreSum: hits * 0.8, size: 42, first: hit(start), last: hit(start + hits - 1), head: [hit(start)], tail: [hit(start + hits - 1)], look: null };
    }).toSorted((a, b) => a.first.frame - b.first.frame);
    let best = 0;
    for (let code = 0; code < 3 ** tracklets.length; code += 1) best = Math.max(best, worth(tracklets, tracklets.map((_, i) => (Math.floor(code / 3 ** i) % 3) - 1)));
    expect(worth(tracklets, joinOnLanes(tracklets, 2, 30))).toBeCloseTo(best, 9);
  }
});

/** What an assignment is worth, as join-lanes counts it; -Infinity for what may not be. */
function worth(tracklets: Tracklet[], lanes: number[]): number {
  let sum = 0;
  for (const lane of [0, 1]) {
    const row = tracklets.filter((_, i) => lanes[i] === lane);
    for (const [i, tracklet] of row.entries()) {
      const cost = i === 0 ? 0 : linkCost(row[i - 1]!, tracklet, 30);
      sum += 0.3 * tracklet.scoreSum - Math.min(3, cost) - 0.01 * cost;
    }
  }
  return sum;
}
