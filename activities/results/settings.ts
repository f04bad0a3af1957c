import type { ResultMetadata } from "../../domain/result.ts";
import type { TaskSettings } from "../../domain/task.ts";

/** What result.json says of how it was made (`metadata.settings`). */
export interface ResultSettings extends Record<string, unknown> {
  inference: TaskSettings["inference"];
  num_animals: number | null;
  tracking: Record<string, unknown>;
  smoothing: Record<string, unknown>;
}

/** Frames left out between two processed ones, as the results themselves say: the task's settings may have changed since. */
export const frameSkipOf = (metadata: ResultMetadata): number => (metadata.settings as Partial<ResultSettings>).inference?.frame_skip ?? 0;
