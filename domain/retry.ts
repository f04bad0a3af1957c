import { STEPS, type StepName, type TaskSettings } from "./task.ts";

/** From which step on the work is done again when a setting changes (contract: what `retry` may change). */
const CHANGES: Partial<Record<keyof TaskSettings, StepName>> = {
  file_path: "download",
  num_frames: "frames",
  num_animals: "inference",
  prelabel: "preinference",
  labeling: "labeling",
  training: "training",
  inference: "inference",
  outputs: "results",
  annotate: "results",
  upload: "upload",
};

/** The earlier of the step that was named and the steps whose settings changed. */
export function firstStepChanged(named: StepName, changed: string[]): StepName {
  const steps = [named, ...changed.flatMap((setting) => CHANGES[setting as keyof TaskSettings] ?? [])];
  return STEPS[Math.min(...steps.map((step) => STEPS.indexOf(step)))]!;
}
