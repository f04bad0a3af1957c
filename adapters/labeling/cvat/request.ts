import type { VideoInfo } from "../../../domain/detections.ts";
import { InputError } from "../../../domain/errors.ts";
import type { FrameLabels, LabelingTask } from "../../../domain/labels.ts";
import { videoKeys } from "../../../domain/layout.ts";
import { readJsonIfThere, type Storage } from "../../storage/storage.ts";
import { createFrameReader } from "../builtin-frames.ts";
import type { LabelingTool } from "../labeling.ts";
import { UNKNOWN_LABELER } from "./approval.ts";
import { ifThere, type CvatClient } from "./client.ts";
import { ensureTask, sendLabels } from "./ensure-task.ts";
import { labelSpecs, mapLabels } from "./label-specs.ts";
import { ensureProject, ensureWebhook } from "./project.ts";
import type { Reader } from "./reader.ts";
import type { CvatLabelingTask, Records } from "./record.ts";
import type { CvatLabel } from "./wire.ts";

interface Deps {
  client: CvatClient;
  storage: Storage;
  records: Records;
  reader: Reader;
  webhook: { target: string; secret: string };
  framesPerJob: number;
}

/** Makes project, webhook and task in CVAT, each only once; an attempt that was cut off is taken up where it ended. */
export function createRequest({ client, storage, records, reader, webhook, framesPerJob }: Deps): LabelingTool["request"] {
  const { untouched } = createFrameReader({ storage });

  return async ({ taskId, round, title, settings }) => {
    const before = await records.find({ taskId, round });
    const info = await readJsonIfThere<VideoInfo>(storage, videoKeys(taskId).meta);
    const video = info === null ? "" : `${info.bytes} bytes, ${info.num_frames} frames, ${info.width} x ${info.height}`;
    const { classes, keypoints, skeleton, num_animals, labeling } = settings;
    if (labeling.reviewer_not_labeler) throw new InputError({ field: "labeling.reviewer_not_labeler", message: UNKNOWN_LABELER[0], whatToDo: UNKNOWN_LABELER[1], status: 422 });
    const task: LabelingTask = {
      tool: "cvat",
      task_id: taskId,
      round,
      title: round === 1 ? title : `${title.slice(0, -` - ${taskId}`.length)} (round ${round}) - ${taskId}`,
      classes,
      keypoints,
      skeleton,
      num_animals,
      allow_partial: labeling.allow_partial,
      reviewer_not_labeler: labeling.reviewer_not_labeler,
      video,
      created_at: before?.video === video ? before.created_at : new Date().toISOString(),
    };
    const frames = await untouched(task);
    if (frames.length === 0) throw new InputError({ field: "num_frames", message: "There are no frames to label.", whatToDo: "Extract frames first: check that the video has frames and that num_frames is at least 1." });

    const project = await ensureProject(client, { name: title, labels: labelSpecs(task) });
    const labels = mapLabels(task, await client.all<CvatLabel>("/api/labels", { project_id: project.id }));
    const webhookId = await ensureWebhook(client, { projectId: project.id, taskId, ...webhook });
    const { task: made, replaced } = await ensureTask({ client, storage, records }, { labeling: task, projectId: project.id, frames, framesPerJob });
    if (made.id !== before?.cvat.task_id) {
      const kept = before?.video === video && replaced.some(({ id }) => id === before.cvat.task_id) ? await labelsOf(before) : new Map<number, FrameLabels>();
      await sendLabels(client, reader, { task: made, frames: frames.map((frame) => kept.get(frame.frame) ?? frame), labels });
    }
    await records.save({ ...task, cvat: { project_id: project.id, task_id: made.id, webhook_id: webhookId } });
    for (const { id } of replaced) await ifThere(() => client.send("DELETE", `/api/tasks/${id}`));
    return { frames: frames.length, prelabeled: frames.filter(({ status }) => status === "prelabeled").length };
  };

  /** What people made of the frames that the new task has too: it is kept, and must be accepted once more. */
  async function labelsOf(before: CvatLabelingTask): Promise<Map<number, FrameLabels>> {
    const look = await reader.lookAt(before, { someFrames: true });
    const inBoth = new Set(look.jobs.flatMap((job) => [...look.inputOf(job).untouched.values()].map(({ frame }) => frame)));
    return new Map((await reader.framesOf(look, look.jobs)).filter(({ frame }) => inBoth.has(frame)).map((frame) => [frame.frame, frame]));
  }
}
