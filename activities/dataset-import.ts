import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { missingOf, type DatasetPlan } from "../domain/dataset-plan.ts";
import { InputError } from "../domain/errors.ts";
import { canonicalJson, sha256Of } from "../domain/hash.ts";
import { trainKeys } from "../domain/layout.ts";
import type { ImportInput, TrainingData } from "../domain/steps.ts";
import { readDataYaml, readYoloLabels, type YoloData } from "../domain/yolo-data.ts";
import type { DatasetKind } from "../domain/yolo.ts";
import { openDataset, type DatasetFiles } from "./dataset-files.ts";
import type { Planned } from "./dataset-writer.ts";
import type { Deps } from "./deps.ts";
import type { StepContext } from "./step-context.ts";
import { fileSha256 } from "./training-run.ts";

const IMAGES = new Set([".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"]);
const MOST_IMAGES = 100_000;

/** `images/a/1.jpg` -> `labels/a/1.txt`: the last folder of this name, as YOLO does. */
function labelPath(image: string): string {
  const parts = image.split("/");
  const at = parts.lastIndexOf("images", parts.length - 2);
  return [...(at < 0 ? parts : parts.with(at, "labels"))].join("/").replace(/\.[^./]*$/, ".txt");
}

/** Reads the whole dataset before anything is copied. Throws InputError (`data_path`) for what cannot train. */
export async function planImport(deps: Pick<Deps, "storage" | "files">, { taskId, round, data, settings }: ImportInput & { data: Exclude<TrainingData, { from: "tasks" }> }, { report, signal }: StepContext): Promise<Planned> {
  const files = await openDataset(deps, data);
  const yaml = readDataYaml(await files.readYaml(), files.yaml);
  const kind = kindOf(yaml, settings.training.task ?? "auto", files.yaml);
  const keys = trainKeys(taskId, round);
  const sources = new Map<string, string>();
  const found = new Set<string>();
  const hashes: string[] = [];
  const images: DatasetPlan["images"] = [];
  for (const side of ["train", "val"] as const) {
    const listed = await imagesOf(files, yaml, side);
    for (const [frame, path] of listed.entries()) {
      signal.throwIfAborted();
      report({ done: images.length, total: null, unit: "images", message: "checking the dataset" });
      const source = (await files.localPath(path))!;
      const label = await files.localPath(labelPath(path));
      const read = readYoloLabels(label === null ? "" : await readFile(label, "utf8"), yaml, labelPath(path));
      const text = yaml.kind.task === "pose" && kind.task === "detect" ? read.text.replaceAll(/^((?:\S+ ){4}\S+).*$/gm, "$1") : read.text;
      for (const thing of read.contents) found.add(thing);
      const image = { image: keys.image(side, frame, { type: extname(path).slice(1).toLowerCase() }), label: keys.label(side, frame), split: side, video: null, frame, time: null, source_image: path, labels_sha256: sha256Of(text), boxes: read.boxes };
      hashes.push(await fileSha256(source), image.labels_sha256);
      sources.set(image.image, source);
      images.push({ image, text });
    }
  }
  const missing = missingOf(kind, found);
  if (missing !== null) throw new InputError({ field: "data_path", message: `No image of ${files.yaml} has the ${missing.field}: ${missing.names.join(", ")}.`, whatToDo: `Label each of them in at least one image, or take them out of ${missing.field === "classes" ? "names" : "kpt_names and kpt_shape"}.`, status: 422 });
  const of = (side: string) => images.filter(({ image }) => image.split === side);
  const boxes = images.reduce((sum, { image }) => sum + image.boxes, 0);
  const sha256 = sha256Of(canonicalJson({ kind, hashes }));
  return {
    kind,
    images,
    manifest: {
      task_id: taskId,
      round,
      snapshot: { key: files.yaml, sha256 },
      sources: [{ video: null, key: files.yaml, sha256 }],
      task: kind.task,
      classes: kind.classes,
      keypoints: kind.keypoints,
      flip_idx: kind.flipIdx,
      flip_idx_from: kind.task === "detect" ? "none" : kind.flipIdx === null ? "unknown" : "given",
      images: images.map(({ image }) => image),
      gap: [],
      left_out: [],
      counts: { reviewed: images.length, train: of("train").length, val: of("val").length, gap: 0, left_out: 0, background: images.filter(({ image }) => image.boxes === 0).length, boxes, boxes_by_source: { imported: boxes }, unreviewed_boxes: 0 },
      min_train_val_distance_s: null,
      notes: [`Imported from ${files.yaml}: how far train and val lie apart is not known.`],
    },
    fileOf: (image) => Promise.resolve(sources.get(image.image)!),
  };
}

function kindOf({ kind }: YoloData, asked: "auto" | "detect" | "pose", place: string): DatasetKind {
  if (asked === "pose" && kind.task === "detect") throw new InputError({ field: "training.task", message: `A pose model needs keypoints, and ${place} has none.`, whatToDo: "Set training.task to detect, or give kpt_shape.", status: 422 });
  return asked === "detect" ? { task: "detect", classes: kind.classes, keypoints: [], flipIdx: null } : kind;
}

async function imagesOf(files: DatasetFiles, { path, folders }: YoloData, side: "train" | "val"): Promise<string[]> {
  const listed: string[] = [];
  for (const folder of folders[side]) listed.push(...(await files.list(path === null || path === "." ? folder : join(path, folder))));
  const images = listed.filter((name) => IMAGES.has(extname(name).toLowerCase()));
  if (images.length === 0) throw new InputError({ field: "data_path", message: `${files.yaml}: there is no image in ${folders[side].join(", ")}`, whatToDo: `put images there, or correct ${side}` });
  if (images.length > MOST_IMAGES) throw new InputError({ field: "data_path", message: `${files.yaml} has more than ${MOST_IMAGES} images for ${side}`, whatToDo: "give fewer" });
  return images;
}
