import { MockActivityEnvironment } from "@temporalio/testing";
import { DefaultLogger } from "@temporalio/worker";
import { join } from "node:path";
import { expect } from "vitest";
import type { Storage } from "../adapters/storage/storage.ts";
import { createTrainer } from "../adapters/training/process.ts";
import { trainerProject } from "../adapters/training/tiny-dataset.test-suite.ts";
import { TrainerError, type Trainer } from "../adapters/training/trainer.ts";
import { createTrainingSteps } from "../activities/training.ts";
import type { TrainOutput } from "../domain/steps.ts";
import type { TaskSettings } from "../domain/task.ts";
import { signalTrainers, SETTINGS, storeDataset, trainersWith } from "./killed-training.ts";

/** When to kill: at the first progress, or when so many epochs are counted as done, or when so many are published and none of it is acknowledged. */
export type Place = { name: string; counted?: number | "begun"; published?: number; onKill?: () => void };
/** Attempts of the activity with the real trainer, each on a machine of its own: only `storage` is shared. `root`: for their work folders. */
export function createAttempts({ root, storage }: { root: string; storage: Storage }) {
  let machines = 0;

  /** Returns its output, or null and how it ended where it was killed; and the epochs that it did. */
  return async function attempt({ taskId, training = SETTINGS, place, counters }: { taskId: string; training?: TaskSettings["training"]; place?: Place; counters?: string[] }) {
    const epochs: number[] = [];
    const batches = new Set<number>();
    const workFolder = join(root, `machine-${machines++}`);
    let isKilled = false;
    const real = createTrainer({ ...trainerProject(), counters: counters ?? [] });
    const trainer: Trainer = {
      ...real,
      train: (options) => {
        const kill = (): void => {
          if (isKilled) return;
          isKilled = true;
          place?.onKill?.();
          signalTrainers(options.runFolder, "SIGKILL");
        };
        return real.train({
          ...options,
          onProgress: (progress) => {
            options.onProgress(progress);
            if (progress.figures?.["batch"] !== undefined) batches.add(progress.figures["batch"]);
            if (place?.counted === "begun" ? progress.message?.startsWith("epoch") === true : progress.message === undefined && progress.done === place?.counted) kill();
          },
          onCheckpoint: async (files) => {
            await options.onCheckpoint(files);
            epochs.push(files.epoch);
            if (files.epoch + 1 === place?.published) kill();
          },
        });
      },
    };
    const steps = createTrainingSteps({ storage, trainer, workFolder, files: { allowedRoots: [], allowedHosts: [], maxBytes: 0 } });
    const dataset = await storeDataset(storage, taskId, join(root, "images"));
    try {
      const output: TrainOutput = await new MockActivityEnvironment({}, { logger: new DefaultLogger("ERROR") }).run(steps.trainModel, { taskId, round: 1, dataset, settings: { training } as TaskSettings });
      return { output, epochs, batches: [...batches], kind: null };
    } catch (error) {
      if (place === undefined || !(error instanceof TrainerError)) throw error;
      return { output: null, epochs, batches: [...batches], kind: error.kind };
    } finally {
      expect(trainersWith(workFolder)).toEqual([]);
    }
  };
}
