import { taskKeys } from "../domain/layout.ts";
import type { RecordInput, RecordOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";

/** A task's record outlives Temporal's retention: settings, steps, timeline, outcome. */
export function createRecordSteps({ storage }: Pick<Deps, "storage">) {
  return {
    async writeRecord({ state }: RecordInput): Promise<RecordOutput> {
      const key = taskKeys(state.task_id).record;
      await storage.put(key, JSON.stringify(state, null, 2));
      return { key };
    },
  };
}
