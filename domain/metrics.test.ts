import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { BoxFrame } from "./metrics/average-precision.ts";
import { COCO_IOUS, meanAveragePrecision } from "./metrics/average-precision.ts";
import { identityScores, type IdentityFrame } from "./metrics/identities.ts";
import { keypointAccuracy } from "./metrics/keypoints.ts";
import { scoreAgainstTruth } from "./metrics.ts";
import type { ResultFile, Truth } from "./result.ts";

/** Made-up frames and what pycocotools and TrackEval say of them. */
interface Reference {
  boxes: { map50: number; map50_95: number; frames: BoxFrame[] };
  /** `gaps`: of the same frames, less what was found or is true in a few of them. */
  identities: TrackEval & { frames: IdentityFrame[]; gaps: TrackEval & { withoutFound: number[]; withoutTruth: number[] } };
}
interface TrackEval { idSwitches: number; misses: number; falsePositives: number; mota: number; idf1: number }
const reference = JSON.parse(readFileSync(new URL("metrics/reference.json", import.meta.url), "utf8")) as Reference;

const box = (x: number, size = 10): [number, number, number, number] => [x, 0, x + size, size];

test("average precision equals pycocotools'", () => {
  expect(meanAveragePrecision(reference.boxes.frames, [0.5])).toBeCloseTo(reference.boxes.map50, 9);
  expect(meanAveragePrecision(reference.boxes.frames, COCO_IOUS)).toBeCloseTo(reference.boxes.map50_95, 9);
});

test("identities equal TrackEval's, also where a frame has nothing to match", () => {
  const { frames, gaps } = reference.identities;
  const withGaps = frames.map(({ found, truth }, i) => ({ found: gaps.withoutFound.includes(i) ? [] : found, truth: gaps.withoutTruth.includes(i) ? [] : truth }));
  for (const [some, { idSwitches, misses, falsePositives, mota, idf1 }] of [[frames, reference.identities], [withGaps, gaps]] as const) {
    expect(idSwitches).toBeGreaterThan(5);
    const scores = identityScores(some);
    expect(scores).toMatchObject({ idSwitches, misses, falsePositives });
    expect(scores.mota).toBeCloseTo(mota, 9);
    expect(scores.idf1).toBeCloseTo(idf1, 9);
  }
});

test("average precision by hand: hit, false alarm, hit, one of three missed", () => {
  const truth = [box(0), box(100), box(200)].map((b) => ({ box: b, classId: 0 }));
  const found = [{ box: box(0), score: 0.9, classId: 0 }, { box: box(50), score: 0.8, classId: 0 }, { box: box(100), score: 0.7, classId: 0 }];
  // Recall up to 1/3 at precision 1 (34 of the 101 points), up to 2/3 at 2/3 (33 points), nothing beyond.
  expect(meanAveragePrecision([{ truth, found }], [0.5])).toBeCloseTo((34 + 33 * (2 / 3)) / 101, 12);
  expect(meanAveragePrecision([{ truth: [], found }], [0.5])).toBeNull();
  expect(meanAveragePrecision([{ truth, found: [] }], [0.5])).toBe(0);
});

test("a second box on the same animal is a false alarm", () => {
  const truth = [{ box: box(0), classId: 0 }, { box: box(100), classId: 0 }];
  const found = [0.9, 0.8].map((score) => ({ box: box(0), score, classId: 0 })).concat({ box: box(100), score: 0.7, classId: 0 });
  expect(meanAveragePrecision([{ truth, found }], [0.5])).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
});

test("keypoints: near enough, too far, invisible, of a missed animal", () => {
  const d = Math.hypot(10, 10);
  const truth = [
    { box: box(0), keypoints: [[5, 5, 1], [2, 2, 1], [8, 8, 0]] as [number, number, number][] },
    { box: box(100), keypoints: [[105, 5, 1], [102, 2, 1], [108, 8, 1]] as [number, number, number][] },
  ];
  const found = [{ box: box(0), score: 0.5, keypoints: [[5 + 0.099 * d, 5], [2, 2 + 0.101 * d], [0, 0]] as [number, number][] }];
  expect(keypointAccuracy([{ truth, found }])).toBeCloseTo(1 / 5, 12);
  expect(keypointAccuracy([{ truth: [], found }])).toBeNull();
  // The better score takes the animal, though the other one lies nearer.
  const worse = { box: box(1), score: 0.9, keypoints: [null, null, null] };
  expect(keypointAccuracy([{ truth, found: [...found, worse] }])).toBe(0);
});

test("a switch counts once, and also across a gap; a new animal is none", () => {
  const frame = (found: Record<string, number>, truth: Record<string, number>): IdentityFrame => ({
    found: Object.entries(found).map(([id, x]) => ({ id, box: box(x) })),
    truth: Object.entries(truth).map(([id, x]) => ({ id, box: box(x) })),
  });
  const both = { a: 0, b: 50 };
  expect(identityScores([frame({ 0: 0, 1: 50 }, both), frame({ 1: 0, 0: 50 }, both), frame({ 1: 0, 0: 50 }, both)]).idSwitches).toBe(2);
  expect(identityScores([frame({ 0: 0 }, both), frame({}, both), frame({ 2: 0, 1: 50 }, both)]).idSwitches).toBe(1);
});

const truth: Truth = {
  video: "v.mp4", width: 200, height: 100, fps: 25, frames: 3, class: "fly", keypoints: ["head", "tail"], tracks: ["a"],
  labels: [0, 1, 2].map((frame) => ({ frame, animals: [{ track: "a", box: [20, 10, 60, 40], keypoints: [[30, 20, 1], [50, 30, 1]] }] })),
};
const row = (frame: number, id: string, classId = 1) => ({
  frame, timestamp: frame / 25, ids: [id], boxes: [[0.1, 0.1, 0.3, 0.4]] as [number, number, number, number][], boxes_score: [0.9],
  keypoints: [[[0.25, 0.3], [0.15, 0.2]]] as [number, number][][], keypoints_score: [[0.9, 0.9]], smoothed_keypoints: [], class_ids: [classId],
});
const result = (results: ResultFile["results"], classes = ["mouse", "fly"]): ResultFile => ({
  metadata: { origin_width: 200, origin_height: 100, fps: 25, num_frames: 3, start_time: 0, classes, body_parts: ["tail", "head"], skeleton: [], task_id: "t", model: {}, settings: {}, frames_differing: 0 },
  results,
});

test("a result is scored in pixels, keypoints by name, on the frames that were not labeled, identities on all", () => {
  const scores = scoreAgainstTruth(result([row(0, "0"), row(1, "0"), row(2, "1")]), truth, [0]);
  expect(scores).toMatchObject({ box_map50: 1, box_map50_95: 1, keypoint_pck: 1, id_switches: 1 });
});

test("a frame without a row, an animal of another class: missed", () => {
  // Recall 1/2 at precision 1: 51 of the 101 points.
  expect(scoreAgainstTruth(result([row(0, "0"), row(2, "0")]), truth, [0])).toMatchObject({ box_map50: 51 / 101, keypoint_pck: 0.5 });
  expect(scoreAgainstTruth(result([0, 1, 2].map((frame) => row(frame, "0", 0))), truth, [])).toMatchObject({ box_map50: 0, keypoint_pck: 0 });
  // A truth's class that the result does not know at all.
  expect(scoreAgainstTruth(result([0, 1, 2].map((frame) => row(frame, "0", 0)), ["animal"]), truth, []).box_map50).toBe(1);
});

test("a result without keypoints has no keypoint score", () => {
  const boxesOnly = result([row(0, "0"), row(1, "0"), row(2, "0")].map((r) => ({ ...r, keypoints: [], keypoints_score: [] })));
  expect(scoreAgainstTruth({ ...boxesOnly, metadata: { ...boxesOnly.metadata, body_parts: [] } }, truth, []).keypoint_pck).toBeNull();
});
