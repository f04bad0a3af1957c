import { MockActivityEnvironment } from "@temporalio/testing";
import { CancelledFailure } from "@temporalio/common";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readJson } from "../../adapters/storage/storage.ts";
import type { Detection, FrameDetections } from "../../domain/detections.ts";
import { modelKeys, resultKeys, videoKeys } from "../../domain/layout.ts";
import type { ResultFile } from "../../domain/result.ts";
import { settingsOf } from "../../domain/settings.ts";
import type { JoinInput } from "../../domain/steps.ts";
import { INPUT, makeLab, TASK, type Lab } from "./results.test-suite.ts";

const WIDTH = 1000;
const HEIGHT = 500;
const FPS = 25;

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab();
  await lab.storage.put(videoKeys(TASK).meta, JSON.stringify({ task_id: TASK, width: WIDTH, height: HEIGHT, fps: FPS, num_frames: 120, start_time: 1.5, rotation: 0 }));
  await lab.storage.put(videoKeys(TASK).packets, JSON.stringify({ time_base: [1, FPS], pts: Array.from({ length: 120 }, (_, n) => n), key_frames: [0] }));
});
afterEach(() => lab.remove());

const settings = (more: Record<string, unknown> = {}) =>
  settingsOf({ file_path: "/v.mp4", user_id: "u", classes: ["fly"], keypoints: ["head", "tail"], skeleton: [[0, 1]], num_animals: 2, ...more });
const input = (segments: number, more: Partial<JoinInput> = {}): JoinInput => ({
  ...INPUT,
  plan: "abc",
  segments: Array.from({ length: segments }, (_, index) => ({ index, start: 0, end: 0 })),
  model: { name: TASK, version: 3 },
  differing: 2,
  settings: settings(),
  ...more,
});

/** An animal of 100 x 50 pixels that begins at x, with its head and tail at the ends. */
const animal = (x: number, y: number, score = 0.9): Detection => ({ box: [x, y, x + 100, y + 50], score, classId: 0, keypoints: [[x, y + 25, 0.8], [x + 100, y + 25, 0.7]] });
/** One animal goes right, the other left, above each other; found in turning order, nobody from frame 50 to 54. */
const frameAt = (n: number): FrameDetections => {
  const both = [animal(100 + 4 * n, 50), animal(800 - 4 * n, 300)];
  return { frame: n, time: n / FPS, detections: n >= 50 && n < 55 ? [] : n % 2 === 0 ? both : both.toReversed() };
};
const frames = (from: number, to: number): FrameDetections[] => Array.from({ length: to - from }, (_, i) => frameAt(from + i));

test("segments become one result.json: a row per frame, with ids that stay", async () => {
  await lab.storage.put(modelKeys(TASK).card(3), JSON.stringify({ classes: ["fly"], keypoints: ["head", "tail"], lineage: { snapshot: "f00" } }));
  await lab.addSegments("abc", [frames(0, 40), frames(40, 80), frames(80, 120)]);
  const output = await lab.run(lab.steps.joinSegments, input(3));

  expect(output).toEqual({ resultKey: resultKeys(TASK, 1).result, frames: 120, ids: 2, meanAnimals: Number((230 / 120).toFixed(3)) });
  const { metadata, results } = await readJson<ResultFile>(lab.storage, output.resultKey);
  expect(metadata).toMatchObject({
    origin_width: WIDTH, origin_height: HEIGHT, fps: FPS, num_frames: 120, start_time: 1.5, classes: ["fly"], body_parts: ["head", "tail"], skeleton: [[0, 1]],
    task_id: TASK, model: { name: TASK, version: 3, lineage: { snapshot: "f00" } }, frames_differing: 2, identity_doubts: { count: 0, moments: [] },
  });
  expect(metadata.settings).toMatchObject({ num_animals: 2, inference: { confidence: 0.25, frame_skip: 0 }, tracking: {}, smoothing: {} });

  expect(results.map((row) => row.frame)).toEqual(Array.from({ length: 120 }, (_, n) => n));
  for (const row of results) {
    const n = row.frame;
    const there = n < 50 || n >= 55;
    expect(row.timestamp).toBeCloseTo(n / FPS, 6);
    expect(row.ids).toEqual(there ? ["0", "1"] : []);
    expect(row.boxes).toEqual(there ? [[(100 + 4 * n) / 1000, 0.1, (200 + 4 * n) / 1000, 0.2], [(800 - 4 * n) / 1000, 0.6, (900 - 4 * n) / 1000, 0.7]] : []);
    expect(row.keypoints).toEqual(there ? [[[(100 + 4 * n) / 1000, 0.15], [(200 + 4 * n) / 1000, 0.15]], [[(800 - 4 * n) / 1000, 0.65], [(900 - 4 * n) / 1000, 0.65]]] : []);
    expect(row.keypoints_score).toEqual(there ? [[0.8, 0.7], [0.8, 0.7]] : []);
    expect(row.boxes_score).toEqual(there ? [0.9, 0.9] : []);
    expect(row.class_ids).toEqual(there ? [0, 0] : []);
    // An even movement is smooth already.
    expect(row.smoothed_keypoints.flat(2).every((v, i) => Math.abs(v - (row.keypoints.flat(2)[i] ?? -9)) < 1e-5)).toBe(true);
  }
});

test("an attempt that is run again writes the same bytes", async () => {
  await lab.addSegments("abc", [frames(0, 60), frames(60, 120)]);
  const { resultKey } = await lab.run(lab.steps.joinSegments, input(2));
  const first = await readFile(await lab.storage.localPath(resultKey), "utf8");
  await lab.run(lab.steps.joinSegments, input(2));
  expect(await readFile(await lab.storage.localPath(resultKey), "utf8")).toBe(first);
  // Row by row, so that a long video's file can be read with little memory.
  expect(first.split("\n")).toHaveLength(1 + 1 + 120 + 2);
});

test("skipped frames keep their true numbers; a global model's own names count; no keypoints are empty lists", async () => {
  await lab.storage.put(modelKeys("global").card(1), JSON.stringify({ classes: ["mouse", "rat"], keypoints: [] }));
  await lab.addSegments("abc", [[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33].map((n) => ({ ...frameAt(n), detections: frameAt(n).detections.map((d) => ({ ...d, keypoints: [] })) }))]);
  const { resultKey, frames: count } = await lab.run(lab.steps.joinSegments, input(1, { model: { name: "global", version: 1 }, settings: settings({ inference: { frame_skip: 2 } }) }));
  const { metadata, results } = await readJson<ResultFile>(lab.storage, resultKey);
  expect(count).toBe(12);
  expect(metadata).toMatchObject({ classes: ["mouse", "rat"], body_parts: [], skeleton: [] });
  expect(results.map((row) => row.frame)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33]);
  expect(results.at(-1)).toMatchObject({ ids: ["0", "1"], keypoints: [[], []], keypoints_score: [[], []], smoothed_keypoints: [[], []] });
});

test("left taken for right is said in the row and put right in what is smoothed alone", async () => {
  const wings = settings({ keypoints: ["wing_left", "wing_right"] });
  const flown = frames(0, 50).map((frame): FrameDetections => {
    const turned = frame.frame === 20 || frame.frame === 21;
    return { ...frame, detections: frame.detections.map((one) => ({ ...one, keypoints: turned && one.box[1] === 50 ? one.keypoints.toReversed() : one.keypoints })) };
  });
  await lab.addSegments("abc", [flown]);
  const { resultKey } = await lab.run(lab.steps.joinSegments, input(1, { settings: wings }));
  const { metadata, results } = await readJson<ResultFile>(lab.storage, resultKey);
  expect(metadata.settings["smoothing"]).toMatchObject({ left_right_pairs: [[0, 1]] });
  expect(results.filter((row) => row.suspected_swaps !== undefined).map((row) => [row.frame, row.suspected_swaps])).toEqual([[20, [[[0, 1]], []]], [21, [[[0, 1]], []]]]);
  for (const row of results) {
    const left = (100 + 4 * row.frame) / 1000;
    expect(row.smoothed_keypoints[0]![0]![0]).toBeCloseTo(left, 3);
    expect(row.keypoints[0]![row.suspected_swaps === undefined ? 0 : 1]![0]).toBeCloseTo(left, 6);
  }
});

test("a video in which nothing was found has rows all the same", async () => {
  await lab.addSegments("abc", [[0, 1, 2].map((n) => ({ frame: n, time: n / FPS, detections: [] }))]);
  const output = await lab.run(lab.steps.joinSegments, input(1));
  expect(output).toMatchObject({ frames: 3, ids: 0, meanAnimals: 0 });
  const { results } = await readJson<ResultFile>(lab.storage, output.resultKey);
  expect(results).toHaveLength(3);
  expect(results[0]).toMatchObject({ ids: [], boxes: [], boxes_score: [], keypoints: [], keypoints_score: [], smoothed_keypoints: [], class_ids: [] });
});

test("a segment that is missing or out of order is an error, never a shorter result", async () => {
  await lab.addSegments("abc", [frames(0, 40), frames(30, 60)]);
  await expect(lab.run(lab.steps.joinSegments, input(2))).rejects.toThrow(/frame 30 comes after frame 39/);
  await expect(lab.run(lab.steps.joinSegments, input(3))).rejects.toThrow(/no such object.*00002/);
  expect(await lab.storage.size(resultKeys(TASK, 1).result)).toBeNull();
});

test("a cancelled task ends the joining and publishes nothing", async () => {
  await lab.addSegments("abc", [frames(0, 120)]);
  const environment = new MockActivityEnvironment();
  environment.on("heartbeat", () => environment.cancel());
  await expect(environment.run(lab.steps.joinSegments, input(1))).rejects.toThrow(CancelledFailure);
  expect(await lab.storage.size(resultKeys(TASK, 1).result)).toBeNull();
});
