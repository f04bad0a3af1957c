import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FrameLabels, LabeledObject, Snapshot } from "../../domain/labels.ts";
import { frameKeys, labelKeys, resultKeys, trainKeys } from "../../domain/layout.ts";
import { readTools } from "../../scripts/tools.ts";
import { noReaders, openWith, readers, takeOut } from "./readers.test-tools.ts";
import { exec, INPUT, makeLab, TASK, type Lab } from "./results.test-suite.ts";

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab();
});
afterEach(() => lab.remove());

const [WIDTH, HEIGHT] = [200, 100];
const animal = (id: string, x: number, more: Partial<LabeledObject> = {}): LabeledObject => ({ id, class: "mouse", box: [x, 10, x + 40, 30], keypoints: [[x + 5, 15, 2], [x + 20, 20, 1], [0, 0, 0]], source: "person", confirmed: true, ...more });
/** Two mice and a rat in frame 3, nobody in frame 40, one mouse in frame 50, which training used neither here nor there. */
const OBJECTS: [number, LabeledObject[]][] = [
  [50, [animal("a", 100, { track: "1" })]],
  [3, [animal("a", 0, { track: "1" }), animal("b", 60, { track: "2" }), animal("c", 120, { class: 'rat "R"' })]],
  [40, []],
  [90, [animal("a", 30)]],
];

async function addLabels(keypoints: string[]): Promise<void> {
  const image = await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: "#888" } }).jpeg().toBuffer();
  const frames: FrameLabels[] = [];
  for (const [frame, objects] of OBJECTS) {
    const key = frameKeys(TASK, 1).image(frame);
    await lab.storage.put(key, image);
    const of = keypoints.length === 0 ? objects.map((object) => ({ ...object, keypoints: [] })) : objects;
    frames.push({ frame, time: frame / 25, image_key: key, width: WIDTH, height: HEIGHT, status: "reviewed", version: 1, updated_by: "ann", updated_at: null, objects: of });
  }
  const snapshot: Snapshot = { task_id: TASK, round: 1, source: "builtin", approved_by: "bob", approved_at: "2026-01-02T03:04:05Z", classes: ["mouse", 'rat "R"'], keypoints, frames, left_out: [], allow_partial: false, sha256: "abc" };
  await lab.storage.put(labelKeys(TASK, 1).snapshot, JSON.stringify(snapshot));
  await lab.storage.put(trainKeys(TASK, 1).manifest, JSON.stringify({ images: [{ split: "train", frame: 3 }, { split: "train", frame: 40 }, { split: "val", frame: 90 }] }));
}
const made = async (name = "taken"): Promise<string> => {
  const { files } = await lab.run(lab.steps.exportLabels, { ...INPUT, settings: { skeleton: [[0, 1], [1, 2]], flip_idx: [0, 1, 2] } as never });
  const keys = resultKeys(TASK, 1);
  expect(files.map(({ key }) => key)).toEqual([keys.labelsCoco, keys.labelsYolo]);
  return await takeOut(lab, [keys.labelsCoco, keys.labelsYolo], name);
};

interface Coco {
  categories: object[];
  images: object[];
  annotations: object[];
  ap: Record<string, number>;
}
interface Side {
  image: string;
  classes: number[];
  boxes: number[][];
  keypoints: number[][][] | null;
}
interface Yolo {
  task: string;
  names: Record<string, string>;
  kpt_shape: number[] | null;
  flip_idx: number[] | null;
  train: Side[];
  val: Side[];
}
const yolo = async (folders: string[]): Promise<Yolo[]> => {
  const { stdout } = await exec(readTools().python, ["test/readers/read_yolo.py", ...folders.flatMap((folder) => [join(folder, "labels-yolo.zip"), join(folder, "yolo")])], { maxBuffer: 1e8 });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Yolo[];
};

test("COCO's reader finds every approved object with its pose, and its evaluation takes them for exact", async ({ skip }) => {
  skip(readers === null, noReaders);
  await addLabels(["nose", "ear", "tail"]);
  const [coco] = await openWith<[Coco]>([["coco", join(await made(), "labels-coco.json")]]);
  const keypoints = ["nose", "ear", "tail"];
  expect(coco.categories).toEqual([1, 2].map((id) => ({ id, name: ["mouse", 'rat "R"'][id - 1], supercategory: "animal", keypoints, skeleton: [[1, 2], [2, 3]] })));
  expect(coco.images).toEqual([3, 40, 50, 90].map((frame) => ({ id: frame, file_name: `${String(frame).padStart(8, "0")}.jpg`, width: WIDTH, height: HEIGHT, frame, time: frame / 25 })));
  expect(coco.annotations).toHaveLength(5);
  expect(coco.annotations[1]).toEqual({ id: 2, image_id: 3, category_id: 1, bbox: [60, 10, 40, 20], area: 800, iscrowd: 0, segmentation: [], keypoints: [65, 15, 2, 80, 20, 1, 0, 0, 0], num_keypoints: 2, attributes: { track_id: "2" } });
  expect(coco.annotations[2]).toMatchObject({ category_id: 2 });
  expect(coco.ap).toEqual({ bbox: expect.closeTo(1, 9), keypoints: expect.closeTo(1, 9) });
});

test("Ultralytics opens the archive as a dataset, with the split of this task's training; labels without keypoints are boxes", async ({ skip }) => {
  skip(readers === null, noReaders);
  await addLabels(["nose", "ear", "tail"]);
  const posed = await made("posed");
  await addLabels([]);
  const boxed = await made("boxed");
  const [pose, boxes] = await yolo([posed, boxed]);
  expect(pose).toMatchObject({ task: "pose", names: { 0: "mouse", 1: 'rat "R"' }, kpt_shape: [3, 3], flip_idx: [0, 1, 2] });
  expect(pose!.train.map(({ image, classes }) => [image, classes])).toEqual([["00000003.jpg", [0, 0, 1]], ["00000040.jpg", []]]);
  expect(pose!.val.map(({ image }) => image)).toEqual(["00000090.jpg"]);
  expect(pose!.val[0]!.boxes[0]!.map((v) => Number(v.toFixed(5)))).toEqual([50 / WIDTH, 20 / HEIGHT, 40 / WIDTH, 20 / HEIGHT]);
  expect(pose!.val[0]!.keypoints![0]!.map((point) => point.map((v) => Number(v.toFixed(5))))).toEqual([[35 / WIDTH, 0.15, 2], [50 / WIDTH, 0.2, 1], [0, 0, 0]]);
  expect(boxes).toMatchObject({ task: "detect", kpt_shape: null, train: [{ classes: [0, 0, 1] }, { classes: [] }] });

  const [coco] = await openWith<[Coco]>([["coco", join(boxed, "labels-coco.json")]]);
  expect(coco.categories[0]).toEqual({ id: 1, name: "mouse", supercategory: "animal" });
  expect(coco.annotations[0]).not.toHaveProperty("keypoints");
  expect(coco.ap).toEqual({ bbox: expect.closeTo(1, 9) });
});

test("a run without labels says what to leave out", async () => {
  await expect(lab.run(lab.steps.exportLabels, { ...INPUT, settings: {} as never })).rejects.toMatchObject({ name: "InputError", field: "outputs" });
});
