import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { readJsonIfThere, type Storage } from "../../adapters/storage/storage.ts";
import { InputError } from "../../domain/errors.ts";
import { ID_PATTERN } from "../../domain/ids.ts";
import { trainKeys } from "../../domain/layout.ts";
import { trainingSettingsOf } from "../../domain/settings.ts";
import type { StepState, TaskState } from "../../domain/state.ts";
import { TrainingSettings } from "../../domain/task.ts";
import { curveOf, metricsOf, type CurveRow } from "../../domain/training-curve.ts";
import { taskFor, taskOrRunFor, type App, type Context } from "../context.ts";
import { RunDone, RunHeaders, RunStarted, startRun } from "../runs.ts";
import { answers, file } from "../schemas.ts";
import { sendFile } from "../send-file.ts";
import { chooseData } from "../training-data.ts";
import { refuseInvalid } from "../validation.ts";

const path = Type.String({ minLength: 1, maxLength: 4096 });
const Body = Type.Object(
  {
    data_path: Type.Union([path, Type.Array(path, { minItems: 1, maxItems: 100, uniqueItems: true })], { description: "A task_id, or several whose approved labels train together; a folder with a data.yaml in YOLO's format, or the yaml itself, under an allowed root; or train_log/{task_id}/data.yaml" }),
    mode_train_info: Type.Optional(TrainingSettings),
    task_id: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "The task that it is for, if any." })),
  },
  { additionalProperties: false },
);
const Params = Type.Object({ task_id: Type.String({ pattern: ID_PATTERN, description: "A task's id, or a single training's run_id." }) });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
const Answer = Type.Object({
  task_id: Type.String(),
  run_id: nullable(Type.String({ description: "Of a training on its own; null: the task's pipeline trains." })),
  status: Type.String({ description: "pending, running, parked, completed, cancelled, failed" }),
  current_epoch: Type.Integer({ description: "So many are done; from 0, the one that is at work." }),
  total: nullable(Type.Integer({ description: "Epochs; null: not known yet." })),
  metrics: Type.Record(Type.String(), Type.Number(), { description: "On the validation images, so far." }),
  seconds_left: nullable(Type.Number()),
  figures: Type.Record(Type.String(), Type.Number(), { description: "What the trainer says now: losses, images a second." }),
  message: nullable(Type.String()),
  curve: Type.Array(Type.Record(Type.String(), Type.Number()), { description: "A row for each epoch that is done: epoch from 0, losses, accuracies, learning rate." }),
  notes: Type.Array(Type.String()),
  model_path: nullable(Type.String()),
  report_url: nullable(Type.String()),
  reason: nullable(Type.String()),
  what_to_do: nullable(Type.String()),
});

export function trainingRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "index" | "allowedRoots">): void {
  const { storage } = context;
  const common = { config: { policy: "user" as const } };
  const tags = ["models"];

  app.post(
    "/training",
    { ...common, attachValidation: true, schema: { tags, summary: "Train a model on its own", body: Body, headers: RunHeaders, response: answers({ 200: RunDone, 202: RunStarted }, 400, 401, 403, 404, 409, 413, 415, 422, 503) } },
    async (request, reply) => {
      refuseInvalid(request, /^mode_train_info\b/);
      const { data_path: path_, mode_train_info: asked = {}, task_id: taskId } = request.body;
      const training = asWritten(() => trainingSettingsOf(asked));
      if (taskId !== undefined) await taskFor(request, context, taskId);
      const { data, settings } = await chooseData(request, context, path_);
      if (training.task === "pose" && settings.keypoints?.length === 0) throw new InputError({ field: "mode_train_info.task", message: "a pose model needs keypoints, and the data has none", whatToDo: "use `detect`, or give data with keypoints", status: 422 });
      return await startRun(request, reply, { ...context, kind: "training", ...(taskId === undefined ? {} : { taskId }), job: { do: "train", data }, settings: { ...settings, training } });
    },
  );

  app.get("/training/:task_id", { ...common, schema: { tags, summary: "How a training goes: epochs, accuracy, learning curve", params: Params, response: answers({ 200: Answer }, 401, 404, 503) } }, async (request) => {
    const { state, step } = await trainingFor(request, context, request.params.task_id);
    const keys = trainKeys(state.task_id, state.round);
    const curve = step.status === "pending" ? [] : await curveIn(storage, state, step);
    const { progress, result } = step;
    const epochs = progress?.unit === "epochs" ? progress : null;
    const { metrics, notes, modelKey } = (result ?? {}) as { metrics?: Record<string, number>; notes?: string[]; modelKey?: string };
    const { seconds_left: secondsLeft = null, ...figures } = progress?.figures ?? {};
    return {
      task_id: state.run === undefined ? state.task_id : (state.run.task_id ?? state.task_id),
      run_id: state.run === undefined ? null : state.task_id,
      status: step.status,
      current_epoch: Math.max(curve.length, Math.floor(epochs?.done ?? 0)),
      total: epochs?.total ?? (step.status === "completed" ? curve.length : (state.settings.training.epochs ?? null)),
      metrics: metrics ?? metricsOf(curve.at(-1)),
      seconds_left: secondsLeft,
      figures,
      message: progress?.message ?? null,
      curve,
      notes: notes ?? [],
      model_path: modelKey ?? null,
      report_url: (await storage.size(keys.reportHtml)) === null ? null : `/training/${state.task_id}/report`,
      reason: step.reason,
      what_to_do: step.what_to_do,
    };
  });

  app.get("/training/:task_id/report", { ...common, schema: { tags, summary: "The training's report: curves, accuracy of each class, predictions beside labels", params: Params, response: answers({ 200: file("text/html") }, 401, 404, 503) } }, async (request, reply) => {
    const { state } = await trainingFor(request, context, request.params.task_id);
    return await sendFile(request, reply, { storage, key: trainKeys(state.task_id, state.round).reportHtml, cache: "private, no-cache" });
  });
}

/** Named as the caller named it. */
function asWritten<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const here = (text: string): string => text.replaceAll("training.", "mode_train_info.");
    throw new InputError({ field: here(error.field), message: here(error.message), whatToDo: here(error.whatToDo), status: error.status, cause: error });
  }
}

/** A run's own, or the pipeline's; where that has not begun to train, the newest single training that was asked for the task. */
async function trainingFor(request: FastifyRequest, context: Pick<Context, "watcher" | "temporal">, id: string): Promise<{ state: TaskState; step: StepState }> {
  const { state } = await taskOrRunFor(request, context, id);
  const step = state.steps.find(({ name }) => name === "training");
  if (step !== undefined && (step.status !== "pending" || state.run !== undefined)) return { state, step };
  const runId = state.run === undefined ? await context.temporal.newestRun({ taskId: id, kind: "training" }) : null;
  const run = runId === null ? null : (await taskOrRunFor(request, context, runId)).state;
  const found = run?.steps.find(({ name }) => name === "training");
  if (run !== null && found !== undefined) return { state: run, step: found };
  if (step !== undefined) return { state, step };
  throw new InputError({ field: "task_id", message: `${id} is no training`, whatToDo: "give a task's id, or the run_id of a training", status: 404 });
}

/** From what is published: while it trains, the last checkpoint's results.csv. */
async function curveIn(storage: Storage, { task_id, round }: TaskState, { status }: StepState): Promise<CurveRow[]> {
  const keys = trainKeys(task_id, round);
  const run = status === "completed" ? null : await readJsonIfThere<{ checkpoints?: { files: { key: string }[] }[] }>(storage, keys.run);
  const key = status === "completed" ? keys.resultsCsv : run?.checkpoints?.[0]?.files.find((one) => one.key.endsWith("results.csv"))?.key;
  // A checkpoint that makes room for the next one while it is looked at.
  const csv = key === undefined ? "" : await storage.read(key).then(String, () => "");
  return curveOf(csv);
}
