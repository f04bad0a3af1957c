import { InputError } from "../../../domain/errors.ts";
import type { LabelingTask } from "../../../domain/labels.ts";
import { cvatTaskKey, labelKeys } from "../../../domain/layout.ts";
import { readJsonIfThere, type Storage } from "../../storage/storage.ts";

/** tool.json, with CVAT's own numbers. */
export interface CvatLabelingTask extends LabelingTask {
  cvat: { project_id: number; task_id: number; webhook_id: number };
}

/** Which round of which task a task of CVAT's is, and of which video: a webhook carries only CVAT's number. */
type Owner = Pick<LabelingTask, "task_id" | "round" | "video">;

export interface Of {
  taskId: string;
  round: number;
}

export function createRecords({ storage }: { storage: Storage }) {
  const find = async ({ taskId, round }: Of): Promise<CvatLabelingTask | null> => {
    const task = await readJsonIfThere<CvatLabelingTask>(storage, labelKeys(taskId, round).tool);
    return task?.tool === "cvat" ? task : null;
  };
  return {
    /** null where this round is not labeled in CVAT. */
    find,
    async get(of: Of): Promise<CvatLabelingTask> {
      const task = await find(of);
      if (task === null) throw new InputError({ field: "task_id", message: `Task ${of.taskId} has no labeling in CVAT in round ${of.round} yet.`, whatToDo: "Wait until its frames are extracted and pre-labeled.", status: 404 });
      return task;
    },
    async save(task: CvatLabelingTask): Promise<void> {
      await storage.put(labelKeys(task.task_id, task.round).tool, JSON.stringify(task));
    },
    /** As soon as CVAT has made its task, before that gets any frames. */
    async own(cvatTaskId: number, { task_id, round, video }: Owner): Promise<void> {
      await storage.put(cvatTaskKey(cvatTaskId), JSON.stringify({ task_id, round, video }));
    },
    /** null where that task of CVAT's is none of ours. */
    async ownerOf(cvatTaskId: number): Promise<(Of & { video: string }) | null> {
      const owner = await readJsonIfThere<Owner>(storage, cvatTaskKey(cvatTaskId));
      return owner === null ? null : { taskId: owner.task_id, round: owner.round, video: owner.video };
    },
  };
}
export type Records = ReturnType<typeof createRecords>;
