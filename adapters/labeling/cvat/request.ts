import { InputError } from "../../../domain/errors.ts";
import type { FrameLabels } from "../../../domain/labels.ts";
import type { Storage } from "../../storage/storage.ts";
import { createFrameReader } from "../builtin-frames.ts";
import { describeLabeling, noFrames } from "../describe.ts";
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
    if (settings.labeling.reviewer_not_labeler) throw new InputError({ field: "labeling.reviewer_not_labeler", message: UNKNOWN_LABELER[0], whatToDo: UNKNOWN_LABELER[1], status: 422 });
    const titleOfRound = round === 1 ? title : `${title.slice(0, -` - ${taskId}`.length)} (round ${round}) - ${taskId}`;
    const task = await describeLabeling(storage, { tool: "cvat", taskId, round, title: titleOfRound, settings, before });
    const frames = await untouched(task);
    if (frames.length === 0) throw noFrames();

    const project = await ensureProject(client, { name: title, labels: labelSpecs(task) });
    const labels = mapLabels(task, await client.all<CvatLabel>("/api/labels", { project_id: project.id }));
    const webhookId = await ensureWebhook(client, { projectId: project.id, taskId, ...webhook });
    const { task: made, replaced } = await ensureTask({ client, storage, records }, { labeling: task, projectId: project.id, frames, framesPerJob });
    if (made.id !== before?.cvat.task_id) {
      const kept = before?.video === task.video && replaced.some(({ id }) => id === before.cvat.task_id) ? await labelsOf(before) : new Map<number, FrameLabels>();
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
