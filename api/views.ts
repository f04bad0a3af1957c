import type { AnsweredBy } from "../domain/live-progress.ts";
import type { Progress, StepState, StepStatus, TaskState } from "../domain/state.ts";
import { STEPS, type StepName } from "../domain/task.ts";
import type { PipelineInput, RunInput } from "../workflows/messages.ts";
import type { Description, PendingActivity } from "./temporal.ts";

export interface TaskView {
  state: TaskState;
  answeredBy: AnsweredBy;
  /** Nothing of it changes any more. */
  ended: boolean;
}

/** The state as far as search attributes tell it: which step it is at; without times, reasons, results and timeline. */
export function stateFromDescription(description: Description, input: PipelineInput | RunInput): TaskState {
  const names: readonly StepName[] = "run" in input ? [input.run.kind] : STEPS;
  const at = description.step === null ? -1 : names.indexOf(description.step);
  const statusOf = (index: number): StepStatus => (description.status === "completed" || index < at ? "completed" : index === at ? description.status : "pending");
  return {
    task_id: description.taskId,
    status: description.status,
    user_id: description.owner,
    project: description.project,
    round: description.round,
    created_at: description.createdAt,
    ended_at: description.endedAt,
    waiting_for: waitingFor(description),
    steps: names.map((name, index): StepState => ({ name, status: statusOf(index), started_at: null, ended_at: null, progress: null, reason: null, what_to_do: null, result: null })),
    settings: input.settings,
    timeline: [],
    ...("run" in input ? { run: input.run } : {}),
  };
}

/** In plain words, where only the status is known. */
export function waitingFor({ open, status, step }: Pick<Description, "open" | "status" | "step">): string | null {
  if (!open) return null;
  if (status === "parked") return `a retry of ${step ?? "the step"}`;
  return status === "waiting" ? "labels and their approval" : null;
}

/** The workflow closed in a way that it could not see (terminated, timed out): what Temporal says wins. */
export function withEnd(state: TaskState, description: Description): TaskState {
  if (description.open || state.ended_at !== null) return state;
  return { ...state, status: description.status, ended_at: description.endedAt, waiting_for: null };
}

/** Puts the latest heartbeats into the steps that run. */
export function withProgress(state: TaskState, activities: PendingActivity[]): TaskState {
  const steps = state.steps.map((step) => {
    const beats = activities.flatMap((activity) => ((activity.step === step.name || state.run !== undefined) && activity.progress !== null ? [activity.progress] : []));
    return step.status === "running" && beats.length > 0 ? { ...step, progress: merged(step.progress, beats) } : step;
  });
  return { ...state, steps };
}

const fractionOf = ({ done, total }: Progress): number => (total === null || total === 0 ? 0 : done / total);

/** Parts that the workflow counted as done, and the parts that run now. */
function merged(counted: Progress | null, beats: Progress[]): Progress {
  const slowest = beats.reduce((a, b) => (fractionOf(b) < fractionOf(a) ? b : a));
  if (counted === null || counted.total === null || counted.done >= counted.total) return slowest;
  const running = beats.filter((beat) => beat.unit === counted.unit).reduce((sum, beat) => sum + beat.done, 0);
  return { ...slowest, unit: counted.unit, total: counted.total, done: Math.min(counted.done + running, counted.total) };
}
