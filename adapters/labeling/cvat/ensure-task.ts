import type { FrameLabels, LabelingTask } from "../../../domain/labels.ts";
import type { Storage } from "../../storage/storage.ts";
import { ifThere, type CvatClient } from "./client.ts";
import type { LabelMap } from "./label-specs.ts";
import { frameName, type Reader } from "./reader.ts";
import type { Records } from "./record.ts";
import { toShapes } from "./to-shapes.ts";
import { requestDone, runningUpload, uploadFrames } from "./upload.ts";
import type { CvatTask, DataMeta, LabeledData } from "./wire.ts";

interface Wanted {
  labeling: LabelingTask;
  projectId: number;
  /** In order, as the pre-labeler left them. */
  frames: FrameLabels[];
  framesPerJob: number;
}

/** CVAT's task with the wanted frames, and those of the same name that it replaces. What an earlier attempt left half done is finished, or thrown away. */
export async function ensureTask({ client, storage, records }: { client: CvatClient; storage: Storage; records: Records }, wanted: Wanted): Promise<{ task: CvatTask; replaced: CvatTask[] }> {
  const { labeling, projectId, frames } = wanted;
  const name = labeling.title;
  // Two videos may have frames of the same numbers.
  const isOfVideo = async (id: number): Promise<boolean> => (await records.ownerOf(id))?.video === labeling.video;
  const sameName = (await client.all<CvatTask>("/api/tasks", { project_id: projectId, name })).filter((task) => task.name === name).toSorted((a, b) => a.id - b.id);
  const replaced: CvatTask[] = [];
  let fitting: CvatTask | null = null;
  for (const task of sameName) {
    const whole = await finished(client, task);
    // Frames that were sent in part cannot be told from whole ones.
    if (whole === null) await ifThere(() => client.send("DELETE", `/api/tasks/${task.id}`));
    else if (fitting === null && (await isOfVideo(task.id)) && (await hasFrames(client, whole, frames))) fitting = whole;
    else replaced.push(whole);
  }
  if (fitting !== null) return { task: fitting, replaced };
  const made = await client.send<CvatTask>("POST", "/api/tasks", { name, project_id: projectId, segment_size: wanted.framesPerJob, overlap: 0 });
  await records.own(made.id, labeling);
  await uploadFrames({ client, storage, cvatTaskId: made.id, frames });
  return { task: made, replaced };
}

/** The task with its frames, waited for if need be; null where it never got them all. */
async function finished(client: CvatClient, task: CvatTask): Promise<CvatTask | null> {
  if ((task.size ?? 0) > 0) return task;
  const running = await runningUpload(client, task.id);
  if (running === null) return null;
  await requestDone(client, running, task.id);
  return await client.get<CvatTask>(`/api/tasks/${task.id}`);
}

async function hasFrames(client: CvatClient, task: CvatTask, frames: FrameLabels[]): Promise<boolean> {
  const meta = await client.get<DataMeta>(`/api/tasks/${task.id}/data/meta`);
  const names = (meta.frames ?? []).map(({ name }) => name.split("/").at(-1));
  return names.join("\n") === frames.map(({ frame }) => frameName(frame)).join("\n");
}

/** Sends what each frame begins with, job by job; one that has labels already keeps them. */
export async function sendLabels(client: CvatClient, reader: Reader, { task, frames, labels }: { task: CvatTask; frames: FrameLabels[]; labels: LabelMap }): Promise<void> {
  for (const job of await reader.jobsOf(task.id)) {
    const shapes = toShapes(frames.slice(job.start_frame, job.stop_frame + 1).map(({ objects }, i) => ({ frame: job.start_frame + i, objects })), labels);
    if (shapes.length === 0) continue;
    const path = `/api/jobs/${job.id}/annotations/`;
    const now = await client.get<LabeledData>(path);
    if (now.shapes.length + now.tracks.length + now.tags.length > 0) continue;
    await client.send("PUT", path, { version: now.version, tags: [], shapes, tracks: [] });
  }
}
