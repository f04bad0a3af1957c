import { isBusy, type Progress, type StepStatus, type TaskState, type TaskStatus } from "./state.ts";
import type { StepName } from "./task.ts";

/** Who told the state: the workflow itself, what Temporal knows without a worker, or the record in storage. */
export type AnsweredBy = "workflow" | "temporal" | "record";

/** What `GET /status/{task_id}` answers. */
export type StatusAnswer = TaskState & { answered_by: AnsweredBy };

/** How a task is now: sent to whoever watches it at the beginning, and whenever something of it changed. */
export interface LiveProgress {
  task_id: string;
  status: TaskStatus;
  waiting_for: string | null;
  round: number;
  answered_by: AnsweredBy;
  /** Steps that run, wait or are parked. */
  steps: { name: StepName; status: StepStatus; progress: Progress | null }[];
}

/**
 * The task with the progress that was told of it; null where more than progress has changed (a step began or ended, another round), so that it has to
 * be asked for anew.
 */
export function withProgressOf(task: StatusAnswer, told: LiveProgress): StatusAnswer | null {
  if (task.status !== told.status || task.waiting_for !== told.waiting_for || task.round !== told.round || task.answered_by !== told.answered_by) return null;
  const busy = task.steps.filter(isBusy);
  if (busy.length !== told.steps.length || busy.some(({ name, status }) => !told.steps.some((step) => step.name === name && step.status === status))) return null;
  return { ...task, steps: task.steps.map((step) => ({ ...step, progress: told.steps.find(({ name }) => name === step.name)?.progress ?? step.progress })) };
}
