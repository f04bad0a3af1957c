import { readJson, readJsonIfThere } from "../adapters/storage/storage.ts";
import { planDataset, type DatasetPlan, type LabelSource } from "../domain/dataset-plan.ts";
import { InputError } from "../domain/errors.ts";
import { canonicalJson, snapshotHash } from "../domain/hash.ts";
import type { Snapshot } from "../domain/labels.ts";
import { trainKeys } from "../domain/layout.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { DatasetOutput, StepInput } from "../domain/steps.ts";
import type { TaskSettings } from "../domain/task.ts";
import { dataYaml } from "../domain/yolo.ts";
import type { Deps } from "./deps.ts";
import type { StepContext } from "./step-context.ts";

/** What is put in place: for each image of the plan a file of this machine, fetched when it is its turn. */
export type Planned = DatasetPlan & { fileOf: (image: DatasetPlan["images"][number]["image"]) => Promise<string> };

/** How a dataset gets into its place in storage, whatever it is made of. */
export function createDatasetWriter({ storage }: Pick<Deps, "storage">) {
  async function approvedSnapshot({ key, sha256 }: { key: string; sha256: string }): Promise<Snapshot> {
    const snapshot = await readJson<Snapshot>(storage, key);
    if (snapshotHash(snapshot) === sha256) return snapshot;
    throw new InputError({ field: "snapshot", message: `${key} is not what was approved: its hash differs.`, whatToDo: "Approve the labels again.", status: 409 });
  }

  /** Removes what an earlier dataset, of other labels, left in the same folder. */
  async function removeOthers(folder: string, wanted: Set<string>): Promise<void> {
    for (const key of await storage.list(folder)) if (!wanted.has(key)) await storage.remove(key);
  }

  /** Copies of the images, labels, data.yaml, and last the manifest: where it is, the dataset is whole. Nothing happens where it is there already. */
  async function write({ manifest, kind, images, fileOf }: Planned, { report, signal }: StepContext): Promise<DatasetOutput> {
    const { counts } = manifest;
    const keys = trainKeys(manifest.task_id, manifest.round);
    const before = await readJsonIfThere<Manifest>(storage, keys.manifest);
    const output: DatasetOutput = { dataKey: keys.dataYaml, manifestKey: keys.manifest, train: counts.train, val: counts.val, boxes: counts.boxes, notes: manifest.notes };
    if (before !== null && canonicalJson(before) === canonicalJson(manifest)) return output;
    await storage.remove(keys.manifest);
    for (const [done, { image, text }] of images.entries()) {
      signal.throwIfAborted();
      report({ done, total: images.length, unit: "images" });
      await storage.put(image.image, { file: await fileOf(image) });
      await storage.put(image.label, text);
    }
    await removeOthers(keys.data, new Set(images.flatMap(({ image }) => [image.image, image.label])));
    await storage.put(keys.dataYaml, dataYaml(kind));
    await storage.put(keys.manifest, JSON.stringify(manifest, null, 1));
    report({ done: images.length, total: images.length, unit: "images" });
    return output;
  }

  /** The dataset of these approved labels, and of nothing else. */
  async function writeLabels({ taskId, round, settings }: StepInput & { settings: TaskSettings }, sources: LabelSource[], context: StepContext): Promise<DatasetOutput> {
    const keys = trainKeys(taskId, round);
    const before = await readJsonIfThere<Manifest>(storage, keys.manifest);
    const plan = planDataset({ of: { taskId, round }, keys, sources, settings, before });
    return await write({ ...plan, fileOf: (image) => storage.localPath(image.source_image) }, context);
  }

  return { approvedSnapshot, write, writeLabels };
}
