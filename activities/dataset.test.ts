import { MockActivityEnvironment } from "@temporalio/testing";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createBuiltinLabeling } from "../adapters/labeling/builtin.ts";
import { drawn, SETTINGS, TASK, writeFrames } from "../adapters/labeling/contract.test-suite.ts";
import type { BuiltinLabeling } from "../adapters/labeling/labeling.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { sha256Of } from "../domain/hash.ts";
import type { LabeledObject } from "../domain/labels.ts";
import { trainKeys } from "../domain/layout.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { DatasetOutput } from "../domain/steps.ts";
import type { TaskSettings } from "../domain/task.ts";
import { createDatasetSteps } from "./dataset.ts";

const of = { taskId: TASK, round: 1 };
const keys = trainKeys(TASK, 1);
/** All keypoints occur. */
const whole = (id: string, x: number): LabeledObject => ({ ...drawn(id, x), keypoints: [[x, 20, 2], [x, 30, 1], [x, 40, 2]] });
let root: string;
let storage: Storage;
let tool: BuiltinLabeling;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-dataset-"));
  storage = createLocalStorage({ root });
  tool = createBuiltinLabeling({ storage });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const review = async (frames: number[], objects = (frame: number): LabeledObject[] => [whole("a", frame % 600)]): Promise<void> => {
  for (const frame of frames) await tool.save({ ...of, frame, basedOn: (await tool.frame({ ...of, frame })).version, reviewed: true, objects: objects(frame), by: "ann" });
};
const begin = async (count: number, settings = SETTINGS): Promise<number[]> => {
  const list = await writeFrames(storage, { count });
  await tool.request({ ...of, title: "t", settings });
  return list.frames.map(({ frame }) => frame);
};
const build = async (settings: TaskSettings = SETTINGS): Promise<DatasetOutput> => {
  const { key, snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial: true });
  return await buildOf(key, snapshot.sha256, settings);
};
const buildOf = (snapshotKey: string, sha256: string, settings = SETTINGS): Promise<DatasetOutput> =>
  new MockActivityEnvironment().run(createDatasetSteps({ storage }).buildDataset, { ...of, snapshotKey, sha256, settings });
const manifest = (): Promise<Manifest> => readJson<Manifest>(storage, keys.manifest);
const text = async (key: string): Promise<string> => (await storage.read(key)).toString();

it("trains on exactly the three of ten frames that were reviewed", async () => {
  await begin(10);
  await review([25, 100, 225]);
  expect(await build()).toMatchObject({ dataKey: keys.dataYaml, manifestKey: keys.manifest, train: 2, val: 1, boxes: 3 });
  const made = await manifest();
  expect(made.images.map(({ frame }) => frame).toSorted((a, b) => a - b)).toEqual([25, 100, 225]);
  expect(made).toMatchObject({ left_out: [0, 50, 75, 125, 150, 175, 200], gap: [], counts: { reviewed: 3, left_out: 7, boxes: 3, unreviewed_boxes: 0, boxes_by_source: { person: 3 } } });
  expect(await storage.list(keys.data)).toEqual(made.images.flatMap(({ image, label }) => [image, label]).toSorted());
});

it("copies images and writes the labels that the manifest names", async () => {
  const frames = await begin(60);
  await review(frames, (frame) => (frame === 50 ? [] : [whole("a", frame % 600), whole("b", 0)]));
  const output = await build();
  expect(output).toMatchObject({ train: 47, val: 9, boxes: 2 * 56 - 2 });
  const made = await manifest();
  expect(made).toMatchObject({ task: "pose", classes: ["fly"], flip_idx: [0, 2, 1], flip_idx_from: "names", min_train_val_distance_s: 2, counts: { train: 47, val: 9, gap: 4, background: 1 } });
  expect(made.images).toHaveLength(56);
  for (const { image, label, split, frame, labels_sha256 } of made.images) {
    expect([image, label]).toEqual([keys.image(split, frame), keys.label(split, frame)]);
    expect(await text(image)).toBe(`image ${frame}`);
    expect(sha256Of(await text(label))).toBe(labels_sha256);
  }
  const first = made.images.find(({ frame }) => frame === 0)!;
  expect(await text(first.label)).toBe("0 0.031250 0.062500 0.062500 0.083333 0.000000 0.041667 2 0.000000 0.062500 1 0.000000 0.083333 2\n".repeat(2));
  expect(await text(made.images.find(({ frame }) => frame === 50)!.label)).toBe("");
  expect(await text(keys.dataYaml)).toContain("flip_idx: [0,2,1]");
  expect(output.notes.join()).toContain("Horizontal flips swap wingL and wingR");
});

it("says the same again for the same labels, keeps an earlier split, and replaces the dataset of other labels whole", async () => {
  const frames = await begin(20);
  await review(frames);
  const { key, snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial: false });
  const first = await buildOf(key, snapshot.sha256);
  const files = await storage.list(keys.prefix);
  expect(await buildOf(key, snapshot.sha256)).toEqual(first);

  const made = await manifest();
  const swapped = { ...made, images: made.images.map((image) => (image.frame === 0 ? { ...image, split: "val" as const } : image)) };
  await storage.put(keys.manifest, JSON.stringify(swapped));
  expect(await buildOf(key, snapshot.sha256)).toMatchObject({ train: first.train - 1, val: first.val + 1 });
  expect(await storage.size(keys.image("val", 0))).not.toBeNull();
  expect(await storage.size(keys.image("train", 0))).toBeNull();

  await storage.remove(keys.manifest);
  expect(await buildOf(key, snapshot.sha256)).toEqual(first);
  expect(await storage.list(keys.prefix)).toEqual(files);
});

it("reads the snapshot only, and refuses one that was changed", async () => {
  await begin(10);
  await review([0, 25, 50]);
  const { key, snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial: true });
  await review([25, 75], () => []);
  await buildOf(key, snapshot.sha256);
  expect((await manifest()).counts).toMatchObject({ reviewed: 3, boxes: 3 });
  await storage.put(key, (await text(key)).replace("bob", "eve"));
  await expect(buildOf(key, snapshot.sha256)).rejects.toMatchObject({ name: "InputError", field: "snapshot" });
});

it("names classes and keypoints that never occur", async () => {
  const settings = { ...SETTINGS, classes: ["fly", "bee", "wasp"] };
  const frames = await begin(5, settings);
  await review(frames);
  await expect(build(settings)).rejects.toMatchObject({ name: "InputError", field: "classes", message: expect.stringContaining("bee, wasp") as string });
  await tool.request({ ...of, title: "t", settings: SETTINGS });
  await review(frames, () => [drawn("a", 60)]);
  await expect(build()).rejects.toMatchObject({ name: "InputError", field: "keypoints", message: expect.stringContaining("wingR") as string });
  await expect(build({ ...SETTINGS, training: { task: "detect" } })).resolves.toMatchObject({ boxes: 5 });
  expect(await text(keys.dataYaml)).not.toContain("kpt_shape");
  expect(await manifest()).toMatchObject({ task: "detect", keypoints: [], flip_idx: null, flip_idx_from: "none" });
});

it("uses a flip_idx that is given, refuses a wrong one, and flips nothing where it is unknown", async () => {
  const frames = await begin(5);
  await review(frames);
  await build({ ...SETTINGS, flip_idx: [2, 1, 0] });
  expect(await manifest()).toMatchObject({ flip_idx: [2, 1, 0], flip_idx_from: "given" });
  await expect(build({ ...SETTINGS, flip_idx: [1, 2, 0] })).rejects.toMatchObject({ name: "InputError", field: "flip_idx" });
  await expect(build({ ...SETTINGS, flip_idx: [0, 1] })).rejects.toMatchObject({ name: "InputError", field: "flip_idx" });
  const settings = { ...SETTINGS, keypoints: ["head", "thorax", "abdomen"] };
  await tool.request({ ...of, title: "t", settings });
  expect((await build(settings)).notes.join()).toContain("Horizontal flips are off");
  expect(await text(keys.dataYaml)).not.toContain("flip_idx");
});

it("refuses a pose model without keypoints", async () => {
  const settings: TaskSettings = { ...SETTINGS, keypoints: [], training: { task: "pose" } };
  const frames = await begin(5, settings);
  await review(frames, () => [{ ...drawn("a", 60), keypoints: [] }]);
  await expect(build(settings)).rejects.toMatchObject({ name: "InputError", field: "training.task" });
  await expect(build({ ...settings, training: {} })).resolves.toMatchObject({ boxes: 5 });
});
