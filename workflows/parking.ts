import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, condition, isCancellation } from "@temporalio/workflow";
import { messageOf } from "../domain/errors.ts";
import { firstStepChanged } from "../domain/retry.ts";
import type { StepName } from "../domain/task.ts";
import type { RetryRequest } from "./messages.ts";
import type { Task } from "./task.ts";

/** Runs one step; null when it is done, else why it cannot go on. */
export async function attempt(task: Task, name: StepName, work: () => Promise<{ skipped?: boolean; result: Record<string, unknown> }>): Promise<unknown> {
  task.begin(name);
  try {
    const { skipped, result } = await work();
    task.complete(name, skipped === true ? "skipped" : "completed", result);
    return null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return error;
  }
}

/** The task waits until a person says `retry`; the step from which it then goes on. */
export async function parkUntilRetry(task: Task, name: StepName, failure: unknown, retries: RetryRequest[]): Promise<StepName> {
  const { reason, whatToDo } = explain(failure);
  retries.length = 0; // What came before the step was parked was not about this failure.
  task.park(name, reason, whatToDo);
  for (;;) {
    await condition(() => retries.length > 0);
    const request = retries.shift()!;
    if (!task.hasReached(request.step, name)) continue;
    const changed = request.settings ?? {};
    Object.assign(task.state.settings, changed);
    const from = task.state.run === undefined ? firstStepChanged(request.step, Object.keys(changed)) : name;
    task.emit("step.resumed", { step: from });
    return from;
  }
}

/** An activity's last error, in plain words. */
function explain(failure: unknown): { reason: string; whatToDo: string } {
  if (failure instanceof ChildWorkflowFailure) return explain(failure.cause);
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  const details = cause instanceof ApplicationFailure ? (cause.details?.[0] as { what_to_do?: string } | undefined) : undefined;
  return {
    reason: messageOf(cause),
    whatToDo: details?.what_to_do ?? "look at the reason and the worker's log, mend the cause, then retry this step",
  };
}
