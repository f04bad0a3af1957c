import { ApplicationFailure, isCancellation, setHandler } from "@temporalio/workflow";
import type { InferJob, Job, TrainJob } from "../domain/runs.ts";
import type { TaskState } from "../domain/state.ts";
import { createApprovalInbox } from "./approval.ts";
import { inferVideo, writeResults } from "./infer-video.ts";
import { retry, stateQuery, type RetryRequest, type RunInput } from "./messages.ts";
import { deploy, importModel, rollBack } from "./model-jobs.ts";
import { attempt, parkUntilRetry } from "./parking.ts";
import { run } from "./policy.ts";
import { download, extractFrames, label, uploadOne } from "./single-jobs.ts";
import type { Made, Step } from "./step.ts";
import { createTask, type Task } from "./task.ts";
import { trainOn } from "./train-on.ts";

type Result = Record<string, unknown>;

async function train(task: Task, { data }: TrainJob): Promise<Result> {
  const dataset = await run.importDataset({ ...task.input, data, settings: task.state.settings });
  return (await trainOn(task, dataset)).result;
}

async function infer(task: Task, { filePath, model, modelPath }: InferJob): Promise<Result> {
  const video = await run.downloadVideo({ ...task.input, filePath });
  const { result } = await inferVideo(task, { model, modelPath, videoKey: video.sourceKey });
  return { ...result, files: await writeResults(task) };
}

/** The same activities as in the pipeline. What it returns is shown as the step's result. */
function work(task: Task, job: Job, labels: Step | null): Promise<Result> {
  switch (job.do) {
    case "download":
      return download(task);
    case "frames":
      return extractFrames(task);
    case "upload":
      return uploadOne(task);
    case "label":
      return label(labels!);
    case "deploy":
      return deploy(task, job);
    case "import":
      return importModel(task, job);
    case "roll-back":
      return rollBack(task, job);
    case "infer":
      return infer(task, job);
    case "train":
      return train(task, job);
    default:
      throw ApplicationFailure.nonRetryable("this version knows no such job");
  }
}

/** One step on its own, as durable as in a pipeline: it is retried, parks, goes on after a retry, and leaves a record. */
export async function singleStep(input: RunInput): Promise<TaskState> {
  const { kind, job } = input.run;
  const task = createTask(input);
  const retries: RetryRequest[] = [];
  setHandler(stateQuery, () => task.state);
  setHandler(retry, (request) => void retries.push(request));
  const labels: Step | null = job.do === "label" ? { task, made: {} as Made, inbox: createApprovalInbox(task) } : null;
  try {
    for (;;) {
      const failure = await attempt(task, kind, async () => ({ result: await work(task, job, labels) }));
      if (failure === null) break;
      labels?.inbox.close();
      await parkUntilRetry(task, kind, failure, retries);
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await task.cancelled();
    throw error;
  }
  await task.end("completed");
  return task.state;
}
