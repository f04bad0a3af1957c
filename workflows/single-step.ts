import { ApplicationFailure, isCancellation, setHandler } from "@temporalio/workflow";
import type { DeployJob, Job } from "../domain/runs.ts";
import type { TaskState } from "../domain/state.ts";
import { retry, stateQuery, type RetryRequest, type RunInput } from "./messages.ts";
import { oneAtATime } from "./model-change.ts";
import { attempt, parkUntilRetry } from "./parking.ts";
import { createTask, type Task } from "./task.ts";

type Result = Record<string, unknown>;

async function deploy(task: Task, { name, onnxKey, sha256, lineage }: DeployJob): Promise<Result> {
  const deploymentId = task.state.task_id;
  task.emit("model.deployment.requested", { model_path: onnxKey, deployment_id: deploymentId, status: "requested", endpoint: "" });
  const deployed = await oneAtATime(name, "deployModel", { ...task.input, name, onnxKey, sha256, deploymentId, lineage });
  task.emit("model.deployed", { deployment_id: deploymentId, status: "completed", endpoint: deployed.endpoint });
  return { ...deployed };
}

/** The same activities as in the pipeline. What it returns is shown as the step's result. */
function work(task: Task, job: Job): Promise<Result> {
  switch (job.do) {
    case "deploy":
      return deploy(task, job);
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
  try {
    for (;;) {
      const failure = await attempt(task, kind, async () => ({ result: await work(task, job) }));
      if (failure === null) break;
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
