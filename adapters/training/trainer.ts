import type { Progress } from "../../domain/state.ts";
import type { Parity } from "../../domain/steps.ts";

/** The Python project trainer/, started as a child process in a group of its own that ends with its step. */
export interface Trainer {
  /** Trains from a dataset folder, resuming from `runFolder`'s last checkpoint where there is one. */
  train(options: TrainOptions): Promise<TrainReport>;
  /**
   * A .pt -> model.onnx, and how far ONNX Runtime's results are from PyTorch's: on the val images of `data` (data.yaml), or on those of a folder.
   * `imgsz`: absent, as the model was trained. `int8`: a second file, of the same model in 8 bit; needs `data`. `reference`: a folder that gets reference.json and its images (domain/reference).
   */
  export(options: { model: string; data?: string; images?: string; imgsz?: number; output: string; int8?: string; reference?: string; signal: AbortSignal; onProgress: (p: Progress) => void }): Promise<ExportReport>;
}

export interface ExportReport {
  parity: Parity;
  imgsz: number;
  task: "detect" | "pose";
  /** Where it was asked for. `pointsLost`: of mAP50-95 on the validation frames; `refused`: why there is none. */
  int8?: { parity: Parity; pointsLost: number } | { refused: string };
}

export interface TrainOptions {
  /** Path of data.yaml. */
  data: string;
  /**
   * Checkpoints, results.csv and logs. The caller puts the three files of the last `onCheckpoint` back at the same paths
   * relative to this folder before it trains again, here or on another machine; nothing else of the folder is kept.
   */
  runFolder: string;
  /** Settings as the trainer takes them, in JSON (domain/task: TrainingSettings, all resolved). */
  settings: Record<string, unknown>;
  signal: AbortSignal;
  /** `figures.batch` says the batch size, so that a smaller one can be tried when memory runs out. */
  onProgress: (p: Progress) => void;
  /** After each epoch, with whole files: last.pt, best.pt, results.csv. Awaited before the epoch counts as done. */
  onCheckpoint: (files: { epoch: number; last: string; best: string; results: string }) => Promise<void>;
  log: (line: string) => void;
}

export interface TrainReport {
  model: string;
  results: string;
  epochs: number;
  bestEpoch: number;
  /** Which base it began from, in words. */
  base: string;
  task: "detect" | "pose";
  imgsz: number;
  metrics: Record<string, number>;
  notes: string[];
  /** Files for people and for programs: curves, figures by class, predictions beside labels. Absent where the trainer wrote none. */
  report?: { html: string; json: string };
}

/**
 * `input`: a person must mend it. `memory`: the trainer or the host says that memory ran out. `killed`: it was killed from
 * outside, and this machine does not tell whether for lack of memory. `crash`: anything else; trying again may help.
 */
export type TrainerErrorKind = "input" | "memory" | "killed" | "crash";

/** The trainer ended without a result: its last words are in the message. */
export class TrainerError extends Error {
  override readonly name = "TrainerError";
  readonly kind: TrainerErrorKind;

  constructor(kind: TrainerErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
