import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Storage } from "../adapters/storage/storage.ts";
import { makeTinyDataset } from "../adapters/training/tiny-dataset.test-suite.ts";
import { sha256Of } from "../domain/hash.ts";
import { trainKeys } from "../domain/layout.ts";
import type { DatasetOutput } from "../domain/steps.ts";
import type { TrainingSettings } from "../domain/task.ts";

/** What the tests that kill a training have in common: a dataset that is learned in seconds, and what must hold afterwards. */

export const EPOCHS = 8;
/** Enough validation images that their mAP is the same within some hundredths, whatever the seed. */
export const IMAGES = { train: 8, val: 16 };
export const SETTINGS: TrainingSettings = { task: "pose", imgsz: 64, epochs: EPOCHS, batch: 8, device: "cpu", seed: 0, augment: false };

/** A tiny dataset where a task's lies. `folder`: for the files before they are put there. */
export async function storeDataset(storage: Storage, taskId: string, folder: string): Promise<DatasetOutput> {
  const keys = trainKeys(taskId, 1);
  const yaml = await readFile(await makeTinyDataset(folder, IMAGES), "utf8");
  for (const split of ["train", "val"] as const) {
    for (let i = 0; i < IMAGES[split]; i += 1) {
      await storage.put(keys.image(split, i), { file: join(folder, "data/images", split, `${i}.jpg`) });
      await storage.put(keys.label(split, i), await readFile(join(folder, "data/labels", split, `${i}.txt`), "utf8"));
    }
  }
  await storage.put(keys.dataYaml, yaml.replace(/^path: .*$/m, "path: data"));
  await storage.put(keys.manifest, JSON.stringify({ task: "pose", flip_idx: null, images: [], snapshot: { key: "none", sha256: sha256Of(taskId) } }));
  return { dataKey: keys.dataYaml, manifestKey: keys.manifest, ...IMAGES, boxes: IMAGES.train + IMAGES.val, notes: [] };
}

/** Processes of the trainer whose command line has this word: of one run folder, or of all under a folder. */
export function trainersWith(word: string): number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8", maxBuffer: 1 << 24 }).split("\n");
  return lines.filter((line) => line.includes(word) && line.includes("actverse_trainer")).map((line) => Number.parseInt(line, 10));
}

/** To all of them; one that has just ended hears nothing. */
export function signalTrainers(word: string, signal: NodeJS.Signals): void {
  for (const pid of trainersWith(word)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has just ended.
    }
  }
}

/** results.csv by column. */
export async function columnsOf(storage: Storage, taskId: string): Promise<Record<string, string[]>> {
  const [header = "", ...rows] = (await storage.read(trainKeys(taskId, 1).resultsCsv)).toString().trim().split("\n");
  const cells = rows.map((row) => row.split(",").map((cell) => cell.trim()));
  return Object.fromEntries(header.split(",").map((name, i) => [name.trim(), cells.map((row) => row[i] ?? "")]));
}

export const ratesOf = (columns: Record<string, string[]>): Record<string, string[]> => Object.fromEntries(Object.entries(columns).filter(([name]) => name.startsWith("lr/")));

/** What the last checkpoint in storage says of itself. */
export interface Learned {
  epoch: number;
  /** Of the optimiser, and of the weights' moving average. */
  steps: number;
  updates: number;
  best_fitness: number;
  /** By epoch, from the rows that the checkpoint carries. */
  fitness: number[];
}

const READ = `
import json, sys, csv, io
from ultralytics.nn.tasks import torch_safe_load
for file in sys.argv[1:]:
    c = torch_safe_load(file)[0]
    rows = list(csv.DictReader(io.StringIO(c["actverse"]["rows"])))
    get = lambda row, name: float(next(v for k, v in row.items() if k.strip() == name))
    fitness = [sum(get(r, f"metrics/mAP50-95({h})") for h in "BP") for r in rows]
    steps = [int(s["step"]) for s in c["optimizer"]["state"].values()]
    print(json.dumps({"epoch": c["epoch"], "steps": max(steps), "updates": c["updates"], "best_fitness": float(c["best_fitness"]), "fitness": fitness}))
`;

/** As `READ` says, for the last checkpoint of each task. */
export async function learnedOf(storage: Storage, python: string, taskIds: string[]): Promise<Learned[]> {
  const files = await Promise.all(
    taskIds.map(async (taskId) => {
      const { checkpoints } = trainKeys(taskId, 1);
      return await storage.localPath((await storage.list(checkpoints)).findLast((key) => key.endsWith("last.pt"))!);
    }),
  );
  const said = execFileSync(python, ["-c", READ, ...files], { encoding: "utf8", env: { ...process.env, YOLO_OFFLINE: "true", YOLO_VERBOSE: "false" } });
  return said.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Learned);
}

/**
 * How far a run may lie outside of the spread of three undisturbed ones that differ in their seed. Of four such runs one lies outside of the
 * others' spread as often as not, and by as much as this spread is wide, which may be next to nothing: docs/training.md has the figures.
 */
export const MARGIN = 0.05;

/** The best epoch's mAP of boxes and of keypoints: of undisturbed runs the least and the most, and that of the run in question. */
export async function spreadOf(storage: Storage, undisturbed: string[], taskId: string): Promise<{ name: string; low: number; high: number; ours: number }[]> {
  const best = async (id: string, column: string): Promise<number> => Math.max(...(await columnsOf(storage, id))[column]!.map(Number));
  return await Promise.all(
    ["metrics/mAP50-95(B)", "metrics/mAP50-95(P)"].map(async (name) => {
      const others = await Promise.all(undisturbed.map((id) => best(id, name)));
      return { name, low: Math.min(...others), high: Math.max(...others), ours: await best(taskId, name) };
    }),
  );
}
