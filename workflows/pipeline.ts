import { ActivityFailure, ApplicationFailure, condition, isCancellation, setHandler } from "@temporalio/workflow";
import { messageOf } from "../domain/errors.ts";
import { firstStepChanged } from "../domain/retry.ts";
import type { TaskState } from "../domain/state.ts";
import { STEPS, type StepName } from "../domain/task.ts";
import { createApprovalInbox } from "./approval.ts";
import { retry, stateQuery, type PipelineInput, type RetryRequest } from "./messages.ts";
import type { Made, Step } from "./step.ts";
import { WORK } from "./steps.ts";
import { createTask, type Task } from "./task.ts";

/** One task, from the video's path to the uploaded results. Returns its final state. */
export async function pipeline(input: PipelineInput): Promise<TaskState> {
  const task = createTask(input);
  const retries: RetryRequest[] = [];
  // Handlers first: a signal may already be there when the workflow begins.
  setHandler(stateQuery, () => task.state);
  setHandler(retry, (request) => void retries.push(request));
  const step: Step = { task, made: {} as Made, inbox: createApprovalInbox(task) };

  if (input.opens === undefined) task.emit("task.created", { video_path: input.settings.file_path, user_id: input.settings.user_id });
  try {
    // A later round has the video and the frames of the first.
    let next = input.opens === undefined ? 0 : STEPS.indexOf("preinference");
    while (next < STEPS.length) {
      const name = STEPS[next]!;
      const failure = await attempt(name, step);
      next = failure === null ? next + 1 : STEPS.indexOf(await parkUntilRetry(task, name, failure, retries));
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
    const at = task.state.steps.find((s) => s.status === "running" || s.status === "waiting" || s.status === "parked");
    task.emit("task.cancelled", { step: at?.name ?? null, reason: "cancelled by a person" });
    await task.end("cancelled");
    throw error;
  }
  task.emit("task.completed", { results_path: step.made.joined.resultKey });
  await task.end("completed");
  return task.state;
}

/** Runs one step; null when it is done, else why it cannot go on. */
async function attempt(name: StepName, step: Step): Promise<unknown> {
  step.task.begin(name);
  try {
    const result = await WORK[name](step);
    step.task.complete(name, name === "upload" && step.task.state.settings.upload.length === 0 ? "skipped" : "completed", result);
    return null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    step.inbox.close();
    return error;
  }
}

/** The task waits until a person says `retry`; the step from which it then goes on. */
async function parkUntilRetry(task: Task, name: StepName, failure: unknown, retries: RetryRequest[]): Promise<StepName> {
  const { reason, whatToDo } = explain(failure);
  retries.length = 0; // What came before the step was parked was not about this failure.
  task.park(name, reason, whatToDo);
  for (;;) {
    await condition(() => retries.length > 0);
    const request = retries.shift()!;
    if (STEPS.indexOf(request.step) > STEPS.indexOf(name)) continue; // That step has not been reached.
    const changed = request.settings ?? {};
    Object.assign(task.state.settings, changed);
    const from = firstStepChanged(request.step, Object.keys(changed));
    task.emit("step.resumed", { step: from });
    return from;
  }
}

/** An activity's last error, in plain words. */
function explain(failure: unknown): { reason: string; whatToDo: string } {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  const details = cause instanceof ApplicationFailure ? (cause.details?.[0] as { what_to_do?: string } | undefined) : undefined;
  return {
    reason: messageOf(cause),
    whatToDo: details?.what_to_do ?? "look at the reason and the worker's log, mend the cause, then retry this step",
  };
}
