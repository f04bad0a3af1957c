import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { VideoTools } from "../../adapters/video/video.ts";
import type { Truth } from "../../domain/result.ts";
import { dataYaml, yoloLabels, type DatasetKind } from "../../domain/yolo.ts";
import { readTools } from "../../scripts/tools.ts";
import { run } from "../tracking/python.ts";

const FRAMES = 60;
/** Of those, every so-manieth is for validation. */
const VALIDATION = 6;
/** Fewer than a task's: speed does not depend on them, and it is found the same that another runtime finds. */
const EPOCHS = 8;

export interface Models {
  onnx: string;
  int8: string;
}

/** A model as a task trains it, on 60 labeled frames, but shorter, and the same in 8 bit; made once. */
export async function modelFor({ video, file, truth, folder, say }: { video: VideoTools; file: string; truth: Truth; folder: string; say: (line: string) => void }): Promise<Models> {
  const made: Models = { onnx: join(folder, "model.onnx"), int8: join(folder, "model.int8.onnx") };
  if (Object.values(made).every(existsSync)) return made;
  say(`  training a model for ${file}: minutes`);
  const data = join(folder, "data");
  const runs = join(folder, "run");
  for (const old of [data, runs]) await rm(old, { recursive: true, force: true });
  const kind: DatasetKind = { task: "pose", classes: [truth.class], keypoints: truth.keypoints, flipIdx: null };
  const frames = Array.from({ length: FRAMES }, (_, i) => Math.floor(((i + 0.5) * truth.frames) / FRAMES));
  const part = (i: number): string => (i % VALIDATION === 0 ? "val" : "train");
  const pictures = join(folder, "pictures");
  for (const name of [pictures, ...["images", "labels"].flatMap((what) => ["train", "val"].map((split) => join(data, "data", what, split)))]) await mkdir(name, { recursive: true });
  await video.extractFrames({ file, index: await video.index({ file }), frames, folder: pictures, nameOf: (frame) => `${frame}.jpg` });
  const labels = new Map(truth.labels.map(({ frame, animals }) => [frame, animals]));
  for (const [i, frame] of frames.entries()) {
    await rename(join(pictures, `${frame}.jpg`), join(data, "data", "images", part(i), `${frame}.jpg`));
    const objects = (labels.get(frame) ?? []).map(({ box, keypoints }) => ({ id: "", class: truth.class, box, keypoints: keypoints.map(([x, y, seen]) => [x, y, seen === 0 ? 1 : 2]), source: "human", confirmed: true }) as const);
    await writeFile(join(data, "data", "labels", part(i), `${frame}.txt`), yoloLabels({ width: truth.width, height: truth.height, objects }, kind));
  }
  await writeFile(join(data, "data.yaml"), dataYaml(kind));
  const { python } = readTools();
  const trainer = (...args: string[]): Promise<string> => run({ command: python, args: ["-m", "actverse_trainer", "--standalone", ...args], cwd: join(import.meta.dirname, "..", "..", "trainer") });
  await trainer("train", "--data", join(data, "data.yaml"), "--run", runs, "--settings", JSON.stringify({ epochs: EPOCHS, device: "cpu" }));
  await trainer("export", "--model", join(runs, "model.pt"), "--data", join(data, "data.yaml"), "--output", `${made.onnx}.part`, "--int8", `${made.int8}.part`);
  for (const path of Object.values(made)) await rename(`${path}.part`, path);
  return made;
}
