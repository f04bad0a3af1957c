import type { VideoInfo } from "../../domain/detections.ts";
import { InputError } from "../../domain/errors.ts";
import type { LabelingTask } from "../../domain/labels.ts";
import { videoKeys } from "../../domain/layout.ts";
import type { TaskSettings } from "../../domain/task.ts";
import { readJsonIfThere, type Storage } from "../storage/storage.ts";

/** What every labeling tool's tool.json says of a task. Asked for again (`before`), it is the same task as long as the video is the same. */
export async function describeLabeling(storage: Storage, options: { tool: LabelingTask["tool"]; taskId: string; round: number; title: string; settings: TaskSettings; before: LabelingTask | null }): Promise<LabelingTask> {
  const { tool, taskId, round, title, settings, before } = options;
  const { classes, keypoints, skeleton, num_animals, labeling } = settings;
  const info = await readJsonIfThere<VideoInfo>(storage, videoKeys(taskId).meta);
  const video = info === null ? "" : `${info.bytes} bytes, ${info.num_frames} frames, ${info.width} x ${info.height}`;
  return {
    tool,
    task_id: taskId,
    round,
    title,
    classes,
    keypoints,
    skeleton,
    num_animals,
    allow_partial: labeling.allow_partial,
    reviewer_not_labeler: labeling.reviewer_not_labeler,
    video,
    created_at: before?.video === video ? before.created_at : new Date().toISOString(),
  };
}

export const noFrames = (): InputError => new InputError({ field: "num_frames", message: "There are no frames to label.", whatToDo: "Extract frames first: check that the video has frames and that num_frames is at least 1." });
