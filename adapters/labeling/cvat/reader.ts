import { InputError } from "../../../domain/errors.ts";
import type { FrameLabels } from "../../../domain/labels.ts";
import type { Storage } from "../../storage/storage.ts";
import { createFrameReader } from "../builtin-frames.ts";
import type { LabelingProgress } from "../labeling.ts";
import { ifThere, type CvatClient } from "./client.ts";
import { openComments } from "./comments.ts";
import { lost } from "./errors.ts";
import { countObjects, jobFrames, type JobFramesInput } from "./job-frames.ts";
import { mapLabels } from "./label-specs.ts";
import type { CvatLabelingTask, Of, Records } from "./record.ts";
import { isAccepted, type CvatJob, type CvatLabel, type CvatTask, type DataMeta, type LabeledData } from "./wire.ts";

const JOBS_AT_ONCE = 4;
const CACHED_JOBS = 500;

/** A labeling task, looked at in CVAT. `jobs`: those that are labels, in the order of their frames. */
export interface Look {
  task: CvatLabelingTask;
  jobs: CvatJob[];
  /** Every frame as the pre-labeler left it. */
  untouched: FrameLabels[];
  /** Numbers of the frames that were taken out of the task in CVAT. */
  deleted: number[];
  /** What is needed to read a job; without its annotations. */
  inputOf(job: CvatJob): Omit<JobFramesInput, "data" | "comments">;
}

export function createReader({ client, storage, records }: { client: CvatClient; storage: Storage; records: Records }) {
  const { untouched: readUntouched } = createFrameReader({ storage });
  /** Annotations by job and date: they are never older than their date. */
  const cache = new Map<string, LabeledData>();

  const jobsOf = (cvatTaskId: number): Promise<CvatJob[]> => annotationJobs(client, cvatTaskId);

  /** Throws InputError 404 where CVAT has lost the task, and 409 where it has other frames, unless those that both have are enough. */
  async function lookAt(task: CvatLabelingTask, { someFrames = false } = {}): Promise<Look> {
    const { task_id: id, project_id: projectId } = task.cvat;
    const found = await ifThere(() => client.get<CvatTask>(`/api/tasks/${id}`));
    if (found === null || !found.name.endsWith(task.task_id)) throw lost(`task ${id}, "${task.title}"`);
    const [meta, jobs, labels, untouched] = await Promise.all([
      client.get<DataMeta>(`/api/tasks/${id}/data/meta`),
      jobsOf(id),
      client.all<CvatLabel>("/api/labels", { project_id: projectId }),
      readUntouched(task),
    ]);
    const map = mapLabels(task, labels);
    const byNumber = new Map(untouched.map((frame) => [frame.frame, frame]));
    const deletedIndices = new Set(meta.deleted_frames);
    const byIndex = new Map<number, FrameLabels>();
    for (const [index, { name }] of (meta.frames ?? []).entries()) {
      const frame = byNumber.get(frameNumber(name));
      if (frame !== undefined) byIndex.set(index, frame);
    }
    if (!someFrames && byIndex.size !== untouched.length) throw new InputError({ field: "labeling.tool", message: `CVAT's task ${id} has other frames than task ${task.task_id}.`, whatToDo: "Retry labeling: it makes CVAT's task anew and keeps the labels of the frames that stay.", status: 409 });
    return {
      task,
      jobs,
      untouched,
      deleted: [...byIndex].flatMap(([index, { frame }]) => (deletedIndices.has(index) ? [frame] : [])),
      inputOf: (job) => ({
        job,
        labels: map,
        keypoints: task.keypoints.length,
        untouched: new Map([...byIndex].filter(([index]) => index >= job.start_frame && index <= job.stop_frame && !deletedIndices.has(index))),
        linkTo: (index) => `${jobLink(client, job)}?frame=${index}`,
      }),
    };
  }

  async function annotationsOf(job: CvatJob, mayBeCached: boolean): Promise<LabeledData> {
    const key = `${job.id} ${job.updated_date}`;
    const known = cache.get(key);
    if (mayBeCached && known !== undefined) return known;
    const data = await client.get<LabeledData>(`/api/jobs/${job.id}/annotations/`);
    if (cache.size >= CACHED_JOBS) cache.clear();
    cache.set(key, data);
    return data;
  }

  /** Frames of these jobs as they stand; every other frame as the pre-labeler left it, and not reviewed. */
  async function framesOf(look: Look, jobs: CvatJob[]): Promise<FrameLabels[]> {
    const comments = jobs.every(isAccepted) ? new Map<number, string>() : await openComments(client, look.task.cvat.task_id);
    const read = await inParts(jobs, async (job) => jobFrames({ ...look.inputOf(job), data: await annotationsOf(job, false), comments }));
    const byNumber = new Map(read.flat().map((frame) => [frame.frame, frame]));
    return look.untouched.map((frame) => byNumber.get(frame.frame) ?? frame);
  }

  return {
    lookAt,
    look: async (of: Of): Promise<Look> => await lookAt(await records.get(of)),
    jobsOf,
    framesOf,
    async read(of: Of): Promise<FrameLabels[]> {
      const look = await lookAt(await records.get(of));
      return await framesOf(look, look.jobs);
    },
    async progress(of: Of): Promise<LabelingProgress> {
      const look = await lookAt(await records.get(of));
      const counts = await inParts(look.jobs, async (job) => ({ job, objects: countObjects({ ...look.inputOf(job), data: await annotationsOf(job, true) }) }));
      const open = counts.filter(({ job }) => !isAccepted(job)).flatMap(({ objects }) => objects);
      const reviewed = counts.filter(({ job }) => isAccepted(job)).flatMap(({ objects }) => objects);
      const sum = (numbers: number[]): number => numbers.reduce((total, count) => total + count, 0);
      return { frames: look.untouched.length, reviewed: reviewed.length, prelabeled: open.filter((count) => count > 0).length, objects: sum(open) + sum(reviewed) };
    },
  };
}
export type Reader = ReturnType<typeof createReader>;

/** Those that are labels, in the order of their frames: copies for quality control are not. */
export async function annotationJobs(client: CvatClient, cvatTaskId: number): Promise<CvatJob[]> {
  const jobs = await client.all<CvatJob>("/api/jobs", { task_id: cvatTaskId, type: "annotation" });
  return jobs.filter(({ type }) => type === "annotation").toSorted((a, b) => a.start_frame - b.start_frame);
}

export const jobLink = ({ url }: CvatClient, job: CvatJob): string => `${url}/tasks/${job.task_id}/jobs/${job.id}`;

/** Frames are sent under their number: 00000025.jpg. */
export const frameName = (frame: number): string => `${String(frame).padStart(8, "0")}.jpg`;
const frameNumber = (name: string): number => Number(/(\d+)\.[^./]+$/.exec(name)?.[1] ?? Number.NaN);

async function inParts<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let start = 0; start < items.length; start += JOBS_AT_ONCE) done.push(...(await Promise.all(items.slice(start, start + JOBS_AT_ONCE).map(work))));
  return done;
}
