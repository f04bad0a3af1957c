import { defineQuery, defineSignal } from "@temporalio/workflow";
import type { TaskState } from "../domain/state.ts";
import type { ApprovalClaim, Rejection } from "../domain/steps.ts";
import type { StepName, TaskSettings } from "../domain/task.ts";

/** What `POST /tasks/` starts the workflow with. `createdAt`: ISO 8601, UTC. */
export interface PipelineInput {
  taskId: string;
  settings: TaskSettings;
  createdAt: string;
}

/** A parked step goes on, with these settings in place of the old ones (complete values, checked by whoever sends them). */
export interface RetryRequest {
  step: StepName;
  settings?: Partial<TaskSettings>;
}

/** A claim that labeling is approved: checked by an activity before anything trains. */
export const labelingApproved = defineSignal<[ApprovalClaim]>("labelingApproved");
/** Back to the labelers; the comments are already in the labeling tool. */
export const labelingRejected = defineSignal<[Rejection]>("labelingRejected");
export const retry = defineSignal<[RetryRequest]>("retry");
export const stateQuery = defineQuery<TaskState>("state");
