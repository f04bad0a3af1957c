import { InputError } from "../../../domain/errors.ts";
import type { LabelingTask } from "../../../domain/labels.ts";
import { cvatTaskKey, labelKeys } from "../../../domain/layout.ts";
import { readJsonIfThere, type Storage } from "../../storage/storage.ts";

/** tool.json, with CVAT's own numbers. */
export interface CvatLabelingTask extends LabelingTask {
  cvat: { project_id: number; task_id: number; webhook_id: number };
}

/** Which round of which task a task of CVAT's is: a webhook carries only CVAT's number. */
interface Owner {
  task_id: string;
  round: number;
}

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
    /** The owner first: a webhook may come as soon as the task is known. */
    async save(task: CvatLabelingTask): Promise<void> {
      const owner: Owner = { task_id: task.task_id, round: task.round };
      await storage.put(cvatTaskKey(task.cvat.task_id), JSON.stringify(owner));
      await storage.put(labelKeys(task.task_id, task.round).tool, JSON.stringify(task));
    },
    /** null where that task of CVAT's is none of ours. */
    async ownerOf(cvatTaskId: number): Promise<Of | null> {
      const owner = await readJsonIfThere<Owner>(storage, cvatTaskKey(cvatTaskId));
      return owner === null ? null : { taskId: owner.task_id, round: owner.round };
    },
  };
}
export type Records = ReturnType<typeof createRecords>;
