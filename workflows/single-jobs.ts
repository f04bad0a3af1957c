import { fileNameOf } from "../domain/file-name.ts";
import { frameKeys } from "../domain/layout.ts";
import { labeling } from "./labeling-step.ts";
import { run } from "./policy.ts";
import type { Step } from "./step.ts";
import type { Task } from "./task.ts";

/** What single steps do with videos, frames and labels: the pipeline's activities. What they return is shown as the step's result. */

type Result = Record<string, unknown>;

/** Into storage, checked and indexed, and from there into the folder that was asked for. */
export async function download(task: Task): Promise<Result> {
  const { file_path: filePath, upload, user_id } = task.state.settings;
  task.emit("video.download.requested", { video_path: filePath, user_id });
  const video = await run.downloadVideo({ ...task.input, filePath });
  const name = fileNameOf(filePath) ?? `${task.state.task_id}-${fileNameOf(video.sourceKey)}`;
  const copied = await run.uploadFile({ ...task.input, from: video.sourceKey, to: upload[0]!.path, field: "download_path", name });
  task.emit("video.downloaded", { downloaded_video_path: copied.path, original_video_path: video.originalPath, status: "completed" });
  return { download_path: copied.path, ...video };
}

export async function extractFrames(task: Task): Promise<Result> {
  const { file_path: filePath, num_frames: numFrames } = task.state.settings;
  const video = await run.downloadVideo({ ...task.input, filePath });
  task.emit("frames.extraction.requested", { downloaded_video_path: video.sourceKey });
  const frames = await run.extractFrames({ ...task.input, numFrames });
  const framePath = frameKeys(task.state.task_id, 1).prefix;
  task.emit("frames.extracted", { frames_path: framePath, num_frames: frames.numFrames, status: "completed" });
  return { frame_path: framePath, ...frames };
}

export async function uploadOne(task: Task): Promise<Result> {
  const { file_path: from, upload: destinations } = task.state.settings;
  const uploaded = await run.uploadFile({ ...task.input, from, to: destinations[0]!.path, field: "upload_path" });
  task.emit("results.uploaded", { destinations: [uploaded.path] });
  return { upload_path: uploaded.path, bytes: uploaded.bytes };
}

/** Waits for a person's approval, as in a pipeline. */
export async function label(step: Step): Promise<Result> {
  const { task } = step;
  step.made.frames = await run.importFrames({ ...task.input, folder: task.state.settings.file_path });
  return await labeling(step);
}
