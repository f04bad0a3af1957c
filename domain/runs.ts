import type { StepName } from "./task.ts";

/** Single steps that run on their own, outside a pipeline, under the workflow id `step-{kind}-{run_id}`. */
export const RUN_KINDS = ["download", "frames", "upload", "labeling", "training", "deployment", "inference"] as const satisfies StepName[];
export type RunKind = (typeof RUN_KINDS)[number];

/** Puts a model file of data_storage where it is served, as a new version of `name`. `sha256`: of the file. */
export interface DeployJob { do: "deploy"; name: string; onnxKey: string; sha256: string; lineage: Record<string, unknown> }

/** What a run does: ids, keys, counts and settings, never bytes. */
export type Job = DeployJob;

/** Beside the state that every task has, what only a run has. */
export interface Run {
  kind: RunKind;
  /** The task that it was asked for; null where it stands alone. */
  task_id: string | null;
  job: Job;
}
