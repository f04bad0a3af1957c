import { InputError } from "../../../domain/errors.ts";
import { sha256Of } from "../../../domain/hash.ts";
import type { LabelingTask } from "../../../domain/labels.ts";
import { labelKeys } from "../../../domain/layout.ts";
import { readJsonIfThere, type Storage } from "../../storage/storage.ts";

/** tool.json of a task that is labeled in Label Studio. */
export interface LabelStudioTask extends LabelingTask {
  label_studio: {
    project: number;
    /** Of which Label Studio: ids of one mean nothing in another. */
    url: string;
    /** What the predictions that we sent are called. */
    model_version: string;
  };
}

interface Of {
  taskId: string;
  round: number;
}

/** Throws InputError 404 where labeling was not asked for, or not in Label Studio. */
export async function readTask(storage: Storage, { taskId, round }: Of): Promise<LabelStudioTask> {
  const task = await readJsonIfThere<LabelStudioTask>(storage, labelKeys(taskId, round).tool);
  if (task?.label_studio === undefined) throw new InputError({ field: "task_id", message: `Task ${taskId} has no labeling in Label Studio in round ${round} yet.`, whatToDo: "Wait until its frames are extracted and pre-labeled.", status: 404 });
  return task;
}

/** A short name for the video: frames of another one are other frames. */
export const videoTag = ({ video }: LabelingTask): string => sha256Of(video).slice(0, 8);

/** A later round is a project of its own, told apart by ` r2`; the title holds 50 characters, and its end is always the task's id. */
export function titleOf(title: string, taskId: string, round: number): string {
  if (round === 1) return title;
  const end = ` r${round} - ${taskId}`;
  return title.slice(0, -` - ${taskId}`.length).slice(0, 50 - end.length) + end;
}

export const lost = ({ title, label_studio: { project } }: LabelStudioTask): InputError =>
  new InputError({ field: "labeling.tool", message: `Label Studio has no project ${project} ("${title}") any more.`, whatToDo: "Bring it back from a backup of Label Studio, or retry the step labeling: that makes a new project from the suggested labels.", status: 404 });
