import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { trainerProject } from "../adapters/training/tiny-dataset.test-suite.ts";
import { makeId } from "../domain/ids.ts";
import type { TrainOutput } from "../domain/steps.ts";
import { columnsOf, EPOCHS, learnedOf, MARGIN, ratesOf, spreadOf } from "./killed-training.ts";
import { createAttempts, type Place } from "./training-attempts.ts";

/** SIGKILL of the real trainer wherever it is, each time on another machine: of what it did only storage is left. The workers' deaths, the host's kills, and the spread of undisturbed runs: *.real.test.ts. */

let root: string;
let storage: Storage;
let attempt: ReturnType<typeof createAttempts>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-kills-"));
  storage = createLocalStorage({ root: join(root, "data") });
  attempt = createAttempts({ root, storage });
});
afterAll(() => rm(root, { recursive: true, force: true }));

const PLACES: Place[] = [
  { name: "in its first epoch", counted: "begun" },
  { name: "in the middle", counted: EPOCHS / 2 },
  { name: "in its last epoch", counted: EPOCHS - 1 },
  { name: "after its last epoch, before model.pt", published: EPOCHS },
];

describe("kill -9 of the trainer", () => {
  const undisturbed = makeId();
  const killed = makeId();
  const did: number[][] = [];
  let output: TrainOutput;

  beforeAll(async () => {
    await attempt({ taskId: undisturbed });
    for (const place of PLACES) did.push((await attempt({ taskId: killed, place })).epochs);
    const last = await attempt({ taskId: killed });
    did.push(last.epochs);
    output = last.output!;
  }, 1_800_000);

  it("at any place, each time on another machine: no epoch is left out, and at most one is done again each time", async () => {
    expect((await columnsOf(storage, killed))["epoch"]).toEqual(Array.from({ length: EPOCHS }, (_, i) => String(i + 1)));
    // What was published before each kill, and never again after it.
    expect(did).toEqual([[], range(0, EPOCHS / 2), range(EPOCHS / 2, EPOCHS - 1), [EPOCHS - 1], []]);
    expect(output.epochs).toBe(EPOCHS);
    expect(await storage.size(output.modelKey)).toBeGreaterThan(0);
    expect(output.notes).toEqual([]);
  });

  it("carries over the learning rate, the optimiser's steps and the best fitness", async () => {
    expect(ratesOf(await columnsOf(storage, killed))).toEqual(ratesOf(await columnsOf(storage, undisturbed)));
    const [whole, broken] = await learnedOf(storage, trainerProject().python, [undisturbed, killed]);
    expect(broken).toMatchObject({ epoch: EPOCHS - 1, steps: whole!.steps, updates: whole!.updates });
    expect(whole!.steps % EPOCHS).toBe(0);
    expect(broken!.best_fitness).toBeCloseTo(Math.max(...broken!.fitness), 4);
    expect(broken!.fitness[output.bestEpoch]).toBeCloseTo(broken!.best_fitness, 4);
  });

  it(`reaches what an undisturbed run reaches: mAP within ${MARGIN} of it`, async () => {
    for (const { name, low, high, ours } of await spreadOf(storage, [undisturbed], killed)) {
      expect(low, name).toBeGreaterThan(0.3);
      expect(ours, name).toBeGreaterThanOrEqual(low - MARGIN);
      expect(ours, name).toBeLessThanOrEqual(high + MARGIN);
    }
    // No restart from scratch: the loss goes on where it was.
    const loss = (await columnsOf(storage, killed))["train/box_loss"]!.map(Number);
    expect(Math.max(...loss.slice(EPOCHS / 2))).toBeLessThan(loss[0]! / 2);
  });
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
