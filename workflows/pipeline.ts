import { isCancellation, setHandler } from "@temporalio/workflow";
import type { TaskState } from "../domain/state.ts";
import { STEPS } from "../domain/task.ts";
import { createApprovalInbox } from "./approval.ts";
import { retry, stateQuery, type PipelineInput, type RetryRequest } from "./messages.ts";
import { attempt, parkUntilRetry } from "./parking.ts";
import type { Made, Step } from "./step.ts";
import { WORK } from "./steps.ts";
import { createTask } from "./task.ts";

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
      const failure = await attempt(task, name, async () => ({ result: await WORK[name](step), skipped: name === "upload" && task.state.settings.upload.length === 0 }));
      if (failure === null) next++;
      else {
        step.inbox.close();
        next = STEPS.indexOf(await parkUntilRetry(task, name, failure, retries));
      }
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await task.cancelled();
    throw error;
  }
  task.emit("task.completed", { results_path: step.made.joined.resultKey });
  await task.end("completed");
  return task.state;
}
