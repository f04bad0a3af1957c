import { defineQuery, defineSignal } from "@temporalio/workflow";
import type { Run } from "../domain/runs.ts";
import type { TaskState } from "../domain/state.ts";
import type { ApprovalClaim, Rejection, Reopening } from "../domain/steps.ts";
import type { StepName, TaskSettings } from "../domain/task.ts";

/** What `POST /tasks/` starts the workflow with. `createdAt`: ISO 8601, UTC. */
export interface PipelineInput {
  taskId: string;
  settings: TaskSettings;
  createdAt: string;
  /** A later round of a task that has ended: `before` is the round whose labels are its start. Absent in the first round. */
  opens?: { round: number; before: number };
}

/** What a single step that runs on its own is started with: `taskId` is its run_id. `settings`: those of a task, of which the step reads its part. */
export type RunInput = Omit<PipelineInput, "opens"> & { run: Run };

/** A parked step goes on, with these settings in place of the old ones (complete values, checked by whoever sends them). */
export interface RetryRequest {
  step: StepName;
  settings?: Partial<TaskSettings>;
}

/** A claim that labeling is approved: checked by an activity before anything trains. */
export const labelingApproved = defineSignal<[ApprovalClaim]>("labelingApproved");
/** Back to the labelers; the comments are already in the labeling tool. */
export const labelingRejected = defineSignal<[Rejection]>("labelingRejected");
/** Something that was approved is open again in the labeling tool: nothing changes, but it is said. */
export const labelingReopened = defineSignal<[Reopening]>("labelingReopened");
export const retry = defineSignal<[RetryRequest]>("retry");
export const stateQuery = defineQuery<TaskState>("state");
