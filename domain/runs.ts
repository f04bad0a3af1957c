import type { ModelRef } from "./detections.ts";
import type { GivenNames } from "./model-facts.ts";
import type { TrainingData } from "./steps.ts";
import type { StepName } from "./task.ts";

/** Single steps that run on their own, outside a pipeline, under the workflow id `step-{kind}-{run_id}`. */
export const RUN_KINDS = ["download", "frames", "upload", "labeling", "training", "deployment", "inference"] as const satisfies StepName[];
export type RunKind = (typeof RUN_KINDS)[number];

/** Puts a model file of data_storage where it is served, as a new version of `name`. `sha256`: of the file, where it is known. The rest as in DeployInput; `by`: absent, who asks. */
export interface DeployJob { do: "deploy"; name: string; onnxKey: string; sha256?: string; lineage: Record<string, unknown>; referenceKey?: string | null; framesOf?: string; names?: GivenNames; by?: string }
/** Makes a version of `name` of a file that a user brings: a path under an allowed root, or the key of a .pt. `framesOf`: the task in whose frames it is tried. */
export interface ImportJob { do: "import"; name: string; file: { path: string } | { key: string }; imgsz?: number; framesOf?: string; names?: GivenNames; by?: string; lineage: Record<string, unknown> }
/** Another version of `name` answers again; absent: the one before. */
export interface RollBackJob { do: "roll-back"; name: string; version?: number; why?: string }

/** Trains a model, and exports it, into train_log/{run_id}/. The settings are the run's. */
export interface TrainJob { do: "train"; data: TrainingData }

/** A model over a whole video: a path under an allowed root, or an URL. Results lie under the run_id. `modelPath`: key of its model.onnx. */
export interface InferJob { do: "infer"; filePath: string; model: ModelRef; modelPath: string }

/** A video into storage, and into a folder: `file_path` and the first of `upload` in the run's settings. */
export interface DownloadJob { do: "download" }
/** `num_frames` frames of the video at `file_path`. */
export interface FramesJob { do: "frames" }
/** The file at `file_path` (a path under an allowed root, or a key) into the first folder of `upload`. */
export interface UploadJob { do: "upload" }
/** The frames in the folder at `file_path` (a path under an allowed root, or a key) are labeled until they are approved. */
export interface LabelJob { do: "label" }

/** What a run does: ids, keys, counts and settings, never bytes. */
export type Job = DeployJob | ImportJob | RollBackJob | TrainJob | InferJob | DownloadJob | FramesJob | UploadJob | LabelJob;

/** Beside the state that every task has, what only a run has. */
export interface Run {
  kind: RunKind;
  /** The task that it was asked for; null where it stands alone. */
  task_id: string | null;
  job: Job;
}
