import type { TaskEvent } from "./events.ts";
import type { Run } from "./runs.ts";
import type { StepName, TaskSettings } from "./task.ts";

export type StepStatus = "pending" | "running" | "waiting" | "parked" | "completed" | "failed" | "cancelled" | "skipped";

/** What a long step says of itself, in each heartbeat. `fraction` is `done / total` where both are known. */
export interface Progress {
  done: number;
  total: number | null;
  unit: string;
  message?: string;
  /** Figures worth showing while it runs: losses, mAP, frames a second. */
  figures?: Record<string, number>;
}

export interface StepState {
  name: StepName;
  status: StepStatus;
  /** ISO 8601, UTC; null before it begins and, for ended_at, before it ends. */
  started_at: string | null;
  ended_at: string | null;
  progress: Progress | null;
  /** Where it is parked or failed: why, and what a person can do. */
  reason: string | null;
  what_to_do: string | null;
  /** What it made, in figures and keys: shown as it is. */
  result: Record<string, unknown> | null;
}

/** A step that runs, waits for a person, or is parked. */
export const isBusy = ({ status }: Pick<StepState, "status">): boolean => status === "running" || status === "waiting" || status === "parked";

export type TaskStatus = "running" | "waiting" | "parked" | "completed" | "failed" | "cancelled";

/** How an earlier round of a task ended. Keys of data_storage. */
export interface RoundOutcome {
  round: number;
  status: TaskStatus;
  ended_at: string | null;
  approved_by: string | null;
  /** The approved labels, and their hash. */
  snapshot_key: string | null;
  sha256: string | null;
  /** `name@version` */
  model: string | null;
  metrics: Record<string, number>;
  result_path: string | null;
  /** Its whole record. */
  record_key: string;
}

/** The answer of the workflow's query `state`, of `GET /status/{task_id}`, and (with timeline) of record.json. */
export interface TaskState {
  task_id: string;
  status: TaskStatus;
  user_id: string;
  project: string;
  round: number;
  /** ISO 8601, UTC. */
  created_at: string;
  ended_at: string | null;
  /** When its data were deleted on request, ISO 8601, UTC: nothing but its record is left. */
  deleted_at?: string;
  /** What the task waits for, in plain words; null while it works. */
  waiting_for: string | null;
  steps: StepState[];
  settings: TaskSettings;
  timeline: TaskEvent[];
  /** Earlier rounds, oldest first; absent in the first. */
  rounds?: RoundOutcome[];
  /** Of a single step that runs on its own: then `task_id` is its run_id, and `steps` has this one step. */
  run?: Run;
}
