import { InputError } from "../../../domain/errors.ts";
import type { FrameLabels, LabelingTask, Prelabels } from "../../../domain/labels.ts";
import { labelKeys } from "../../../domain/layout.ts";
import { readJsonIfThere, type Storage } from "../../storage/storage.ts";
import { createFrameReader } from "../builtin-frames.ts";
import { describeLabeling, noFrames } from "../describe.ts";
import type { ExternalLabeling, WebhookReading } from "../labeling.ts";
import { createApi, PAGE } from "./api.ts";
import { checkApproved } from "./approval.ts";
import { createClient } from "./client.ts";
import { APPROVED } from "./config.ts";
import { ensureFrames, tasksByFrame } from "./frame-tasks.ts";
import { boxesIn, statusOf, toFrameLabels, toFrameLabelsIfApproved, toolFrame, verdictOf, type ToolFrame } from "./frames.ts";
import { ensureHook, ensureProject } from "./project.ts";
import { lost, readTask, titleOf, videoTag, type LabelStudioTask } from "./task.ts";
import { rejected, toResults } from "./to-results.ts";
import { readWebhook } from "./webhook.ts";

export interface LabelStudioOptions {
  storage: Storage;
  /** Under which both Label Studio's API and its pages are reached; without a slash at its end. */
  url: string;
  /** A personal access token or a legacy one. */
  token: string;
  /** Under which Label Studio reaches our API. */
  publicUrl: string;
  webhookSecret: string;
}

/** Label Studio waits one second for the answer to a webhook. */
const COUNT_MS = 700;
const TRIES = 5;

interface Of {
  taskId: string;
  round: number;
}

/** Label Studio, over its REST API and its webhooks: a project per task and round, a task in it per frame. */
export function createLabelStudioLabeling({ storage, url, token, publicUrl, webhookSecret }: LabelStudioOptions): ExternalLabeling {
  const api = createApi(createClient({ url, token }));
  const reader = createFrameReader({ storage });

  /** The project's id in this Label Studio; after a move to another address it is found by its title. */
  async function projectOf(task: LabelStudioTask): Promise<number> {
    if (task.label_studio.url === url) return task.label_studio.project;
    const found = await api.projectCalled(task.title);
    if (found === null) throw lost(task);
    return found.id;
  }

  /** Each frame of frames.json with its task in Label Studio. Throws InputError 404 where the project is gone. */
  async function toolFrames(of: Of): Promise<{ task: LabelStudioTask; frames: ToolFrame[] }> {
    const task = await readTask(storage, of);
    const tasks = await api.tasks(await projectOf(task));
    if (tasks === null) throw lost(task);
    const byFrame = tasksByFrame(tasks, videoTag(task));
    return { task, frames: (await reader.untouched(task)).map((untouched) => toolFrame(untouched, byFrame.get(untouched.frame) ?? [])) };
  }

  /** As toolFrames, of one moment: more than one page takes time to read, and what changed meanwhile is read again. */
  async function framesAtOnce(of: Of): Promise<Awaited<ReturnType<typeof toolFrames>>> {
    const stateOf = ({ frames }: { frames: ToolFrame[] }): string => frames.map(({ annotation }) => `${annotation?.id}@${annotation?.updated_at}`).join();
    let now = await toolFrames(of);
    for (let tries = 0; tries < TRIES; tries++) {
      if (now.frames.length <= PAGE) return now;
      const again = await toolFrames(of);
      if (stateOf(again) === stateOf(now)) return again;
      now = again;
    }
    throw new InputError({ field: "frames", message: "The labels change in Label Studio while they are being read.", whatToDo: "Ask the labelers to pause, and approve again.", status: 409 });
  }

  /**
   * Whether the other frames are approved too, as a quick count tells: when a reviewer goes through frames that were all submitted before, only the
   * last one is worth a reading back. Where Label Studio does not tell in time, it is; but a task that may leave frames out would then begin too early.
   */
  async function isWorthReading({ taskId, round = 1 }: WebhookReading, { project, task }: { project: number; task: number }): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    // The token may have to be exchanged first, which has a patience of its own.
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error("no count in time")), COUNT_MS);
    });
    try {
      const { count, first } = await Promise.race([api.tasksWithout(project, APPROVED, COUNT_MS), late]);
      // The annotation that is being delivered may not be counted yet.
      return count === 0 || (count === 1 && first === task);
    } catch {
      return (await readJsonIfThere<LabelingTask>(storage, labelKeys(taskId, round).tool))?.allow_partial !== true;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    name: "label-studio",

    async request({ taskId, round, title, settings }) {
      const keys = labelKeys(taskId, round);
      const description = await describeLabeling(storage, { tool: "label-studio", taskId, round, title: titleOf(title, taskId, round), settings, before: null });
      const frames = await reader.untouched(description);
      if (frames.length === 0) throw noFrames();
      const before = await readJsonIfThere<Partial<LabelStudioTask>>(storage, keys.tool);
      const ours = before?.label_studio?.url === url ? before.label_studio : null;
      const modelVersion = (await readJsonIfThere<Prelabels>(storage, keys.prelabels))?.source ?? "none";

      const project = await ensureProject(api, description, ours?.project ?? null);
      await ensureFrames({ api, storage }, { task: description, project: project.id, frames, modelVersion, formerModelVersion: ours?.model_version ?? null });
      // The suggestions that the editor starts from.
      const hasSuggestions = frames.some(({ objects }) => objects.length > 0);
      if (hasSuggestions && project.model_version !== modelVersion) await api.updateProject(project.id, { model_version: modelVersion });
      // Last, so that it is not called for what we do ourselves.
      await ensureHook(api, { project: project.id, taskId, round, publicUrl, secret: webhookSecret });
      const task: LabelStudioTask = { ...description, created_at: ours === null ? description.created_at : (before?.created_at ?? description.created_at), label_studio: { project: project.id, url, model_version: modelVersion } };
      await storage.put(keys.tool, JSON.stringify(task));
      return { frames: frames.length, prelabeled: frames.filter(({ status }) => status === "prelabeled").length };
    },

    async read(of) {
      const { task, frames } = await toolFrames(of);
      const nameOf = await api.names();
      return frames.map((frame) => toFrameLabels(frame, task, nameOf));
    },

    async progress(of) {
      const { frames } = await toolFrames(of);
      const count = (status: FrameLabels["status"]): number => frames.filter((frame) => statusOf(frame) === status).length;
      return { frames: frames.length, reviewed: count("reviewed"), prelabeled: count("prelabeled"), objects: frames.reduce((sum, frame) => sum + boxesIn(frame), 0) };
    },

    async approval({ taskId, round, allowPartial }) {
      const { task, frames } = await framesAtOnce({ taskId, round });
      const nameOf = await api.names();
      const approvedBy = checkApproved(frames, { allowPartial: allowPartial || task.allow_partial, reviewerNotLabeler: task.reviewer_not_labeler, nameOf });
      return { frames: frames.map((frame) => toFrameLabelsIfApproved(frame, task, nameOf)), approvedBy };
    },

    async reject({ comments, ...of }) {
      const { task, frames } = await toolFrames(of);
      const chosen = comments.map(({ frame, comment }) => {
        const found = frames.find(({ untouched }) => untouched.frame === frame);
        if (found === undefined || found.task === null) throw new InputError({ field: "frame", message: `Frame ${frame} is not among the frames to label.`, whatToDo: "Take a frame of the list of this labeling task.", status: 404 });
        return { ...found, task: found.task, comment };
      });
      for (const { task: { id }, annotation, untouched, comment } of chosen) {
        if (annotation === null) {
          await api.annotate(id, rejected(toResults(untouched.objects, task.keypoints, untouched), comment));
          continue;
        }
        const now = await api.annotation(annotation.id);
        const verdict = verdictOf(now);
        // Rejected twice is rejected once.
        if (verdict.says !== "rejected" || verdict.comment !== comment) await api.changeAnnotation(annotation.id, rejected(now.result ?? [], comment));
      }
    },

    async url(of) {
      return `${url}/projects/${await projectOf(await readTask(storage, of))}/data`;
    },

    async webhook(delivery) {
      const found = readWebhook(delivery, webhookSecret);
      if (found === null) return null;
      const { approval, ...reading } = found;
      return approval === null || (await isWorthReading(reading, approval)) ? reading : { ...reading, says: "nothing" };
    },
  };
}
