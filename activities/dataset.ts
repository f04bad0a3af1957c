import type { LabelSource } from "../domain/dataset-plan.ts";
import type { DatasetInput, DatasetOutput, ImportInput } from "../domain/steps.ts";
import { planImport } from "./dataset-import.ts";
import { createDatasetWriter } from "./dataset-writer.ts";
import type { Deps } from "./deps.ts";
import { longStep } from "./step-context.ts";

export function createDatasetSteps({ storage }: Pick<Deps, "storage">) {
  const { approvedSnapshot, writeLabels } = createDatasetWriter({ storage });
  return {
    /** Writes the YOLO dataset of the approved snapshot, and of nothing else. */
    buildDataset: (input: DatasetInput): Promise<DatasetOutput> =>
      longStep(async (context) => {
        const { taskId, snapshotKey: key, sha256 } = input;
        return await writeLabels(input, [{ task_id: taskId, key, snapshot: await approvedSnapshot({ key, sha256 }) }], context);
      }),
  };
}

export function createImportSteps(deps: Pick<Deps, "storage" | "files">) {
  const { approvedSnapshot, write, writeLabels } = createDatasetWriter(deps);
  return {
    /** The dataset of a training on its own: of several tasks' approved labels, or one in YOLO's format, copied and checked. */
    importDataset: (input: ImportInput): Promise<DatasetOutput> =>
      longStep(async (context) => {
        const { data } = input;
        if (data.from !== "tasks") return await write(await planImport(deps, { ...input, data }, context), context);
        const sources: LabelSource[] = [];
        for (const { task_id, key, sha256 } of data.snapshots) sources.push({ task_id, key, snapshot: await approvedSnapshot({ key, sha256 }) });
        return await writeLabels(input, sources, context);
      }),
  };
}
