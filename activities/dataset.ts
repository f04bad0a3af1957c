import { readJson, readJsonIfThere } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { deriveFlipIdx, isFlip } from "../domain/flip.ts";
import { canonicalJson, sha256Of, snapshotHash } from "../domain/hash.ts";
import type { FrameLabels, Snapshot } from "../domain/labels.ts";
import { trainKeys } from "../domain/layout.ts";
import type { Manifest, ManifestImage } from "../domain/manifest.ts";
import { splitFrames, type Split } from "../domain/split.ts";
import type { DatasetInput, DatasetOutput } from "../domain/steps.ts";
import type { TaskSettings } from "../domain/task.ts";
import { dataYaml, yoloLabels, type DatasetKind } from "../domain/yolo.ts";
import type { Deps } from "./deps.ts";
import { longStep } from "./step-context.ts";

type Origin = Manifest["flip_idx_from"];

export function createDatasetSteps({ storage }: Pick<Deps, "storage">) {
  async function approvedSnapshot({ snapshotKey, sha256 }: DatasetInput): Promise<Snapshot> {
    const snapshot = await readJson<Snapshot>(storage, snapshotKey);
    if (snapshotHash(snapshot) === sha256) return snapshot;
    throw new InputError({ field: "snapshot", message: `${snapshotKey} is not what was approved: its hash differs.`, whatToDo: "Approve the labels again.", status: 409 });
  }

  /** Removes what an earlier dataset, of other labels, left in the same folder. */
  async function removeOthers(folder: string, wanted: Set<string>): Promise<void> {
    for (const key of await storage.list(folder)) if (!wanted.has(key)) await storage.remove(key);
  }

  return {
    /** Writes the YOLO dataset of the approved snapshot, and of nothing else. */
    buildDataset: (input: DatasetInput): Promise<DatasetOutput> =>
      longStep(async ({ report, signal }) => {
        const { taskId, round, settings, snapshotKey, sha256 } = input;
        const keys = trainKeys(taskId, round);
        const snapshot = await approvedSnapshot(input);
        const { kind, origin } = kindOf(snapshot, settings);
        checkContents(snapshot, kind);

        const frames = new Map(snapshot.frames.map((frame) => [frame.frame, frame]));
        const before = await readJsonIfThere<Manifest>(storage, keys.manifest);
        const split = keptSplit(before, sha256) ?? splitFrames(snapshot.frames.map(({ frame, time, objects }) => ({ frame, time, contents: contentsOf(objects, kind) })));
        const uses = (["train", "val"] as const).flatMap((side) => split[side].map((frame) => ({ side, frame: frames.get(frame)! })));
        const images = uses.map(({ side, frame }): ManifestImage & { text: string } => {
          const text = yoloLabels(frame, kind);
          return { image: keys.image(side, frame.frame), label: keys.label(side, frame.frame), split: side, frame: frame.frame, time: frame.time, source_image: frame.image_key, labels_sha256: sha256Of(text), boxes: frame.objects.length, text };
        });
        const manifest: Manifest = {
          task_id: taskId,
          round,
          snapshot: { key: snapshotKey, sha256 },
          task: kind.task,
          classes: kind.classes,
          keypoints: kind.keypoints,
          flip_idx: kind.flipIdx,
          flip_idx_from: origin,
          images: images.map(({ text: _text, ...image }) => image),
          gap: split.gap,
          left_out: snapshot.left_out,
          counts: countsOf(snapshot, split, [...new Set(uses.map(({ frame }) => frame))]),
          min_train_val_distance_s: split.minDistance,
          notes: [...split.notes, ...flipNotes(kind, origin)],
        };
        if (manifest.counts.unreviewed_boxes > 0) throw new InputError({ field: "snapshot", message: `${manifest.counts.unreviewed_boxes} boxes of ${snapshotKey} were confirmed by nobody.`, whatToDo: "Review their frames and approve again.", status: 422 });
        const output: DatasetOutput = { dataKey: keys.dataYaml, manifestKey: keys.manifest, train: split.train.length, val: split.val.length, boxes: manifest.counts.boxes, notes: manifest.notes };
        if (before !== null && canonicalJson(before) === canonicalJson(manifest)) return output;

        await storage.remove(keys.manifest);
        for (const [done, image] of images.entries()) {
          signal.throwIfAborted();
          report({ done, total: images.length, unit: "images" });
          await storage.put(image.image, { file: await storage.localPath(image.source_image) });
          await storage.put(image.label, image.text);
        }
        await removeOthers(keys.data, new Set(images.flatMap(({ image, label }) => [image, label])));
        await storage.put(keys.dataYaml, dataYaml(kind));
        await storage.put(keys.manifest, JSON.stringify(manifest, null, 1));
        report({ done: images.length, total: images.length, unit: "images" });
        return output;
      }),
  };
}

function kindOf({ classes, keypoints }: Snapshot, settings: TaskSettings): { kind: DatasetKind; origin: Origin } {
  const asked = settings.training.task ?? "auto";
  if (asked === "pose" && keypoints.length === 0) throw new InputError({ field: "training.task", message: "A pose model needs keypoints, and this task names none.", whatToDo: "Set training.task to detect, or start a task that names keypoints.", status: 422 });
  if (asked === "detect" || keypoints.length === 0) return { kind: { task: "detect", classes, keypoints: [], flipIdx: null }, origin: "none" };
  const given = settings.flip_idx;
  if (given !== null && !isFlip(given, keypoints.length)) throw new InputError({ field: "flip_idx", message: `flip_idx [${given.join(", ")}] does not say for each of ${keypoints.length} keypoints which one it becomes in a mirror image.`, whatToDo: "Pairs point at each other, a keypoint on the midline at itself; or leave flip_idx out.", status: 422 });
  const derived = deriveFlipIdx(keypoints);
  const flipIdx = given ?? derived;
  const kind: DatasetKind = { task: "pose", classes, keypoints, flipIdx };
  if (flipIdx === null) return { kind, origin: "unknown" };
  return { kind, origin: flipIdx.join() === derived?.join() ? "names" : "given" };
}

function contentsOf(objects: FrameLabels["objects"], { task, keypoints }: DatasetKind): string[] {
  const points = objects.flatMap((object) => object.keypoints.flatMap(([, , v], index) => (v === 0 ? [] : [`keypoint ${keypoints[index] ?? ""}`])));
  return [...new Set([...objects.map((object) => `class ${object.class}`), ...(task === "pose" ? points : [])])];
}

/** What was never labeled cannot be learned, and spoils the figures of what was. */
function checkContents({ frames }: Snapshot, kind: DatasetKind): void {
  const found = new Set(frames.flatMap(({ objects }) => contentsOf(objects, kind)));
  const refuse = (field: "classes" | "keypoints", missing: string[]): void => {
    if (missing.length === 0) return;
    throw new InputError({ field, message: `No reviewed frame has the ${field}: ${missing.join(", ")}.`, whatToDo: "Label each of them in at least one frame and approve again, or start a task without them.", status: 422 });
  };
  refuse("classes", kind.classes.filter((name) => !found.has(`class ${name}`)));
  refuse("keypoints", kind.keypoints.filter((name) => !found.has(`keypoint ${name}`)));
}

/** The split of the same labels is kept, also by a later version of this program that would split otherwise. */
function keptSplit(before: Manifest | null, sha256: string): Split | null {
  if (before?.snapshot.sha256 !== sha256) return null;
  const of = (split: "train" | "val"): number[] => before.images.filter((image) => image.split === split).map(({ frame }) => frame);
  const notes = before.notes.filter((note) => !note.startsWith(FLIPS));
  return { train: of("train"), val: of("val"), gap: before.gap, minDistance: before.min_train_val_distance_s, notes };
}

const FLIPS = "Horizontal flips";
function flipNotes({ keypoints, flipIdx }: DatasetKind, origin: Origin): string[] {
  if (origin === "unknown") return [`${FLIPS} are off: no flip_idx was given and the keypoints' names do not pair.`];
  if (origin !== "names" || flipIdx === null) return [];
  const pairs = flipIdx.flatMap((to, from) => (from < to ? [`${keypoints[from]} and ${keypoints[to]}`] : []));
  return [`${FLIPS} swap ${pairs.join(", ")}, by their names.`];
}

function countsOf(snapshot: Snapshot, split: Split, used: FrameLabels[]): Manifest["counts"] {
  const objects = used.flatMap((frame) => frame.objects.map((object) => ({ ...object, isReviewed: object.confirmed && frame.status === "reviewed" })));
  const bySource: Record<string, number> = {};
  for (const { source } of objects) bySource[source] = (bySource[source] ?? 0) + 1;
  return {
    reviewed: snapshot.frames.length,
    train: split.train.length,
    val: split.val.length,
    gap: split.gap.length,
    left_out: snapshot.left_out.length,
    background: used.filter((frame) => frame.objects.length === 0).length,
    boxes: objects.length,
    boxes_by_source: bySource,
    unreviewed_boxes: objects.filter(({ isReviewed }) => !isReviewed).length,
  };
}
