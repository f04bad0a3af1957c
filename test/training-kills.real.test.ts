import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJsonIfThere } from "../adapters/storage/storage.ts";
import { makeTinyDataset } from "../adapters/training/tiny-dataset.test-suite.ts";
import { trainKeys } from "../domain/layout.ts";
import type { TrainingSettings } from "../domain/task.ts";
import { until } from "../scripts/child.ts";
import { readTools } from "../scripts/tools.ts";
import { columnsOf, EPOCHS, IMAGES, learnedOf, MARGIN, ratesOf, SETTINGS, signalTrainers, spreadOf, trainersWith } from "./killed-training.ts";
import { createLab, OTHER_QUEUES, type Lab, type WorkerProcess } from "./lab.ts";

/**
 * SIGKILL of the trainer, of the worker that trains, and of both at once, in real processes with a real Temporal server: in the first epoch, in
 * the middle, in the last, and after it before the model is there. Where a worker died another machine goes on.
 */

let lab: Lab;
let data: string;
const machines: Machine[] = [];
beforeAll(async () => {
  lab = await createLab();
  data = join(lab.folder, "tiny");
  await makeTinyDataset(data, IMAGES);
  await lab.startWorker(OTHER_QUEUES);
});
afterAll(async () => {
  // One that is stopped would not hear that its worker ends.
  signalTrainers(lab.folder, "SIGKILL");
  await lab.close();
});

let made = 0;
async function startMachine(): Promise<void> {
  const folder = join(lab.folder, `machine-${made++}-`);
  const worker = await lab.startWorker(["training"], { ACTVERSE_WORK_DIR: folder });
  machines.push({ folder, worker });
}

const begin = async (training: TrainingSettings): Promise<string> => (await lab.api.send<{ run_id: string }>("POST", "/training", { data_path: data, mode_train_info: training })).run_id;
const end = (runId: string) => lab.stepIs(runId, "training", "completed", 900);

/** The newest published epoch; -1 before the first. */
const published = async (runId: string): Promise<number> => (await readJsonIfThere<{ checkpoints: { epoch: number }[] }>(lab.storage, trainKeys(runId, 1).run))?.checkpoints[0]?.epoch ?? -1;

type Target = "trainer" | "worker" | "both";
interface Machine {
  folder: string;
  worker: WorkerProcess;
}

/** Where this run trains now, once it does. */
const placeOf = (runId: string): Machine | undefined => machines.findLast(({ folder }) => trainersWith(folder).some((pid) => trainersWith(`${runId}-1`).includes(pid)));

async function waitFor<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 900_000; Date.now() < deadline; await sleep(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`waited for ${what}\n${lab.logs()}`);
}

/** Stops the trainer in the middle of this epoch: it has said that it is in it, and has not published it. Returns where. */
async function freezeIn(runId: string, epoch: number): Promise<Machine> {
  const said = async (): Promise<string | null> => (await lab.api.get<{ message: string | null }>(`/training/${runId}`)).message;
  const at = await waitFor(`${runId} before epoch ${epoch}`, async () => ((await published(runId)) >= epoch - 1 && (epoch > 0 || /^(beginning|epoch)\b/.test((await said()) ?? "")) ? placeOf(runId) : undefined));
  // It works in small pieces: what it says comes late here, and the epoch must not be over by then.
  for (let piece = 0; piece < 300; piece++) {
    signalTrainers(at.folder, "SIGSTOP");
    await sleep(2500);
    if ((await said())?.startsWith(`epoch ${epoch + 1} of `) === true) {
      expect(await published(runId), `epoch ${epoch} is at work`).toBe(epoch - 1);
      return at;
    }
    signalTrainers(at.folder, "SIGCONT");
    // Before the first epoch the network is built.
    await sleep(epoch === 0 ? 500 : 200);
  }
  throw new Error(`${runId} does not come to epoch ${epoch}\n${lab.logs()}`);
}

/** Kills at once what is named: in the middle of this epoch, or, where that is one too many, between the last epoch and the model. */
async function killIn(runId: string, epoch: number, what: Target): Promise<void> {
  const at = epoch < EPOCHS ? await freezeIn(runId, epoch) : await waitFor(`the last epoch of ${runId}`, async () => ((await published(runId)) === EPOCHS - 1 ? placeOf(runId) : undefined));
  const dead = what === "trainer" ? Promise.resolve() : at.worker.kill();
  if (what === "worker") signalTrainers(at.folder, "SIGCONT");
  else signalTrainers(at.folder, "SIGKILL");
  await dead;
  if (what !== "trainer") await until("the trainer to end with its worker", 60, async () => trainersWith(at.folder).length === 0);
  expect(await published(runId)).toBe(epoch - 1);
  expect(await lab.storage.size(trainKeys(runId, 1).model)).toBeNull();
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
      for (const epoch of [0, EPOCHS / 2, EPOCHS - 1, EPOCHS]) await killIn(runId, epoch, what);
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
      console.log(`${what}: ${name} ${ours}, of undisturbed runs ${low} to ${high}`);
      expect(ours, `${what} ${name}`).toBeGreaterThanOrEqual(low - MARGIN);
      expect(ours, `${what} ${name}`).toBeLessThanOrEqual(high + MARGIN);
    }
    expect(await lab.storage.size(trainKeys(runId, 1).onnx), what).toBeGreaterThan(0);
    expect((await lab.api.get<{ notes: string[] }>(`/training/${runId}`)).notes, what).toEqual([]);
  }
  expect(trainersWith(lab.folder)).toEqual([]);
}, 2_400_000);
