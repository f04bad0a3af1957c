import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJsonIfThere } from "../adapters/storage/storage.ts";
import { makeTinyDataset } from "../adapters/training/tiny-dataset.test-suite.ts";
import { trainKeys } from "../domain/layout.ts";
import type { TrainingSettings } from "../domain/task.ts";
import { until } from "../scripts/child.ts";
import { readTools } from "../scripts/tools.ts";
import { columnsOf, EPOCHS, killTrainers, learnedOf, MARGIN, ratesOf, SETTINGS, spreadOf, trainersWith } from "./killed-training.ts";
import { createLab, OTHER_QUEUES, type Lab, type WorkerProcess } from "./lab.ts";

/**
 * SIGKILL of the trainer, of the worker that trains, and of both at once, in real processes with a real Temporal server: in the first epoch, in
 * the middle, in the last, and after it before the model is there. Where a worker died another machine goes on.
 */

let lab: Lab;
let data: string;
const machines: { folder: string; worker: WorkerProcess }[] = [];
beforeAll(async () => {
  lab = await createLab();
  data = join(lab.folder, "tiny");
  await makeTinyDataset(data, { train: 8, val: 4 });
  await lab.startWorker(OTHER_QUEUES);
});
afterAll(() => lab.close());

async function startMachine(): Promise<void> {
  const folder = join(lab.folder, `machine-${machines.length}-`);
  const worker = await lab.startWorker(["training"], { ACTVERSE_WORK_DIR: folder });
  machines.push({ folder, worker });
}

const begin = async (training: TrainingSettings): Promise<string> => (await lab.api.send<{ run_id: string }>("POST", "/training", { data_path: data, mode_train_info: training })).run_id;
const end = (runId: string) => lab.stepIs(runId, "training", "completed", 900);

/** The newest published epoch; -1 before the first. */
const published = async (runId: string): Promise<number> => (await readJsonIfThere<{ checkpoints: { epoch: number }[] }>(lab.storage, trainKeys(runId, 1).run))?.checkpoints[0]?.epoch ?? -1;

/** Waits until this epoch is published (-1: until the trainer is at work at all), then kills at once what is named. */
async function killAfter(runId: string, epoch: number, what: "trainer" | "worker" | "both"): Promise<void> {
  const deadline = Date.now() + 900_000;
  for (;;) {
    if (Date.now() > deadline) throw new Error(`waited for epoch ${epoch} of ${runId}\n${lab.logs()}`);
    const at = machines.findLast(({ folder }) => trainersWith(folder).some((pid) => trainersWith(`${runId}-1`).includes(pid)));
    if (at !== undefined && (await published(runId)) >= epoch) {
      const dead = what === "trainer" ? Promise.resolve() : at.worker.kill();
      if (what !== "worker") killTrainers(at.folder);
      await dead;
      if (what !== "trainer") await until("the trainer to end with its worker", 60, async () => trainersWith(at.folder).length === 0);
      break;
    }
    await sleep(50);
  }
  expect(await published(runId)).toBeLessThanOrEqual(epoch + 1);
  // Else the same one tries again: nothing is left there.
  if (what !== "trainer") await startMachine();
}

it("goes on after each kill of the trainer, of the worker, and of both, as if nothing had been", async () => {
  for (let i = 0; i < 3; i++) await startMachine();
  const undisturbed = await Promise.all([0, 1, 2].map((seed) => begin({ ...SETTINGS, seed })));
  for (const runId of undisturbed) await end(runId);

  const runs = await Promise.all((["trainer", "worker", "both"] as const).map(async (what) => ({ what, runId: await begin(SETTINGS) })));
  await Promise.all(
    runs.map(async ({ what, runId }) => {
      for (const epoch of [-1, EPOCHS / 2 - 1, EPOCHS - 2, EPOCHS - 1]) await killAfter(runId, epoch, what);
      await end(runId);
    }),
  );

  const [whole, ...broken] = await learnedOf(lab.storage, readTools().python, [undisturbed[0]!, ...runs.map(({ runId }) => runId)]);
  const rates = ratesOf(await columnsOf(lab.storage, undisturbed[0]!));
  for (const [i, { what, runId }] of runs.entries()) {
    const columns = await columnsOf(lab.storage, runId);
    expect(columns["epoch"], what).toEqual(Array.from({ length: EPOCHS }, (_, epoch) => String(epoch + 1)));
    expect(ratesOf(columns), what).toEqual(rates);
    expect(broken[i], what).toMatchObject({ epoch: EPOCHS - 1, steps: whole!.steps, updates: whole!.updates });
    expect(broken[i]!.best_fitness, what).toBeCloseTo(Math.max(...broken[i]!.fitness), 4);
    for (const { name, low, high, ours } of await spreadOf(lab.storage, undisturbed, runId)) {
      expect(ours, `${what} ${name}`).toBeGreaterThanOrEqual(low - MARGIN);
      expect(ours, `${what} ${name}`).toBeLessThanOrEqual(high + MARGIN);
    }
    expect(await lab.storage.size(trainKeys(runId, 1).onnx), what).toBeGreaterThan(0);
    expect((await lab.api.get<{ notes: string[] }>(`/training/${runId}`)).notes, what).toEqual([]);
  }
  expect(trainersWith(lab.folder)).toEqual([]);
}, 2_400_000);
