import { MockActivityEnvironment } from "@temporalio/testing";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAdapters } from "../adapters/index.ts";
import { NO_EXTERNAL_TOOLS } from "../adapters/labeling/labeling.ts";
import { createActivities } from "../activities/index.ts";
import { resultKeys, trainKeys } from "../domain/layout.ts";
import type { ResultFile, Truth } from "../domain/result.ts";
import type { TaskState } from "../domain/state.ts";
import type { JoinInput, PlanInput, SegmentInput } from "../domain/steps.ts";
import { until } from "../scripts/child.ts";
import { review } from "../scripts/demo/reviewer.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";
import { readTools } from "../scripts/tools.ts";
import { createLab, OTHER_QUEUES, type Lab } from "./lab.ts";

/** SIGKILL of the worker that trains and of the worker that infers, in real processes. */

/** Enough for a model that finds something. */
const EPOCHS = 25;

let lab: Lab;
beforeAll(async () => {
  lab = await createLab();
});
afterAll(() => lab.close());

/** Processes whose command line names this folder and the program. */
const running = (program: RegExp): string[] => execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n").filter((line) => line.includes(lab.folder) && program.test(line));
const trainers = (): string[] => running(/actverse[-_]trainer/);
const decoders = (): string[] => running(/\bffmpeg\b/);

it("goes on after each kill: epochs contiguous, no orphan trainer, results as of an undisturbed run", async () => {
  const sample = await makeSample({ folder: join(lab.folder, "sample"), seconds: 70, width: 320, height: 192, animals: 2 });
  const truth = JSON.parse(readFileSync(sample.truth, "utf8")) as Truth;
  await lab.startWorker(OTHER_QUEUES);
  const trainingWorker = await lab.startWorker(["training"]);
  let inferenceWorker = await lab.startWorker(["inference"]);
  const { task_id: taskId } = await lab.api.send<{ task_id: string }>("POST", "/tasks/", {
    file_path: sample.video, user_id: "ann", classes: [truth.class], keypoints: truth.keypoints, num_animals: 2, num_frames: 12, outputs: ["json", "csv"],
    training: { epochs: EPOCHS, imgsz: 160 }, inference: { confidence: 0.01 },
  });
  await lab.stepIs(taskId, "labeling", "waiting");
  await review({ api: lab.api, taskId, truth, onFrame: () => {} });

  // Mid-training: at least two epochs are done, and more are to come.
  const { resultsCsv } = trainKeys(taskId, 1);
  const checkpoints = trainKeys(taskId, 1).checkpoints;
  await until("two epochs", 300, async () => {
    const state = await lab.api.get<TaskState>(`/status/${taskId}`);
    const done = state.steps.find((s) => s.name === "training")?.progress;
    return done?.unit === "epochs" && done.done >= 2 && (await lab.storage.list(checkpoints)).length > 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${lab.logs()}`);
  });
  expect(trainers().length).toBeGreaterThan(0);
  await trainingWorker.kill();
  await until("the trainer to end with its worker", 30, async () => trainers().length === 0);
  await lab.startWorker(["training"]);

  // Mid-video: the first segment is done, the last is not.
  const segments = `${resultKeys(taskId, 1).prefix}segments/`;
  await until("the first segment", 400, async () => (await lab.storage.list(segments)).length > 0).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${lab.logs()}`);
  });
  await inferenceWorker.kill();
  await until("ffmpeg to end with its worker", 30, async () => decoders().length === 0);
  const finishedAtKill = (await lab.storage.list(segments)).length;
  inferenceWorker = await lab.startWorker(["inference"]);
  const end = await lab.stepIs(taskId, "upload", "skipped", 300);

  const rows = (await lab.storage.read(resultsCsv)).toString().trim().split("\n");
  const column = rows[0]!.split(",").findIndex((name) => name.trim() === "epoch");
  const epochs = rows.slice(1).map((row) => Number(row.split(",")[column]));
  expect(epochs).toEqual(Array.from({ length: EPOCHS }, (_, i) => i + epochs[0]!));
  expect(trainers()).toEqual([]);
  const inferred = end.steps.find((s) => s.name === "inference")!.result as { segments: number };
  expect(finishedAtKill).toBeLessThan(inferred.segments);

  // The model over another video, here the same one, without a task.
  const ran = await lab.api.send<{ run_id: string }>("POST", `/models/${taskId}/inference`, { data_path: sample.video, confidence: 0.01, max_frames: 60, num_animals: 2, outputs: ["json", "csv"] });
  await lab.stepIs(ran.run_id, "inference", "completed", 200);
  const alone = (await lab.storage.read(resultKeys(ran.run_id, 1).result)).toString();

  // The same model over the same video, undisturbed and in one process: nothing differs.
  const { result: resultKey, framesCsv } = resultKeys(taskId, 1);
  const read = async (): Promise<string[]> => Promise.all([resultKey, framesCsv].map(async (key) => (await lab.storage.read(key)).toString()));
  const disturbed = await read();
  for (const key of await lab.storage.list(segments)) await lab.storage.remove(key);
  const adapters = createAdapters({ dataDir: lab.storage.location, trainerDir: "trainer", trainerPython: readTools().python });
  const serving = await adapters.serving();
  const steps = createActivities({ storage: lab.storage, video: await adapters.video(), serving, embedded: await adapters.embedded(), models: adapters.models, labeling: await adapters.labeling(), externalLabeling: NO_EXTERNAL_TOOLS, publicUrl: null, trainer: await adapters.trainer(), files: { allowedRoots: [], allowedHosts: [], maxBytes: 0 }, workFolder: join(lab.folder, "undisturbed") });
  const run = <I, O>(step: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment().run(step, input);
  const { settings } = end;
  const model = { name: taskId, version: 1 };
  const task = { taskId, round: 1 };
  const { plan, segments: parts } = await run((input: PlanInput) => steps.planInference(input), { ...task, model, inference: settings.inference });
  let differing = 0;
  for (const segment of parts) differing += (await run((input: SegmentInput) => steps.inferSegment(input), { ...task, plan, segment, model, inference: settings.inference })).differing;
  await run((input: JoinInput) => steps.joinSegments(input), { ...task, plan, segments: parts, model, differing, settings });
  await serving.close();
  const undisturbed = await read();
  const result = JSON.parse(undisturbed[0]!) as ResultFile;
  expect((JSON.parse(alone) as ResultFile).results).toHaveLength(60);
  const times = (of: ResultFile["results"]): unknown[] => of.slice(0, 60).map(({ frame, timestamp }) => [frame, timestamp]);
  expect(times((JSON.parse(alone) as ResultFile).results)).toEqual(times(result.results));
  expect(result.results).toHaveLength(2100);
  expect(result.results.some((row) => row.ids.length > 0)).toBe(true);
  expect(undisturbed[1]!.split("\n").filter((line) => line.split(",")[4] === "1")).toHaveLength(2100);
  expect(disturbed).toEqual(undisturbed);
}, 900_000);
