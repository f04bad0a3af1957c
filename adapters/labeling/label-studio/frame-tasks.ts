import { canonicalJson } from "../../../domain/hash.ts";
import type { FrameLabels, LabelingTask } from "../../../domain/labels.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Api, NewTask } from "./api.ts";
import { LabelStudioError } from "./client.ts";
import { latest } from "./frames.ts";
import { videoTag } from "./task.ts";
import { toResults } from "./to-results.ts";
import type { Task } from "./wire.ts";

/** Label Studio takes at most 100 files and 250 MB in one request. */
const FILES_AT_ONCE = 50;
const BYTES_AT_ONCE = 32 * 2 ** 20;
const TASKS_AT_ONCE = 100;

export interface Wanted {
  task: LabelingTask;
  project: number;
  frames: FrameLabels[];
  modelVersion: string;
  /** What earlier predictions of ours were called. */
  formerModelVersion: string | null;
}

/** The tasks of each frame: more than one only where an attempt was cut short. Frames of another video, and tasks that others made, are none of ours. */
export function tasksByFrame(tasks: Task[], tag: string): Map<number, Task[]> {
  const found = new Map<number, Task[]>();
  for (const task of tasks) {
    const { frame, video } = task.data;
    if (video === tag && typeof frame === "number") found.set(frame, [...(found.get(frame) ?? []), task]);
  }
  return found;
}

/**
 * Brings the project to exactly one task a frame with its current prediction, whatever an earlier attempt left there.
 * What people labeled stays, except where the video is another one.
 */
export async function ensureFrames({ api, storage }: { api: Api; storage: Storage }, wanted: Wanted): Promise<void> {
  const { project, frames } = wanted;
  const tag = videoTag(wanted.task);
  const tasks = (await api.tasks(project)) ?? [];
  for (const task of superfluous(tasks, frames, tag)) await api.deleteTask(task.id);
  const there = tasksByFrame(tasks, tag);
  await refreshPredictions(api, wanted, there);
  const missing = frames.filter(({ frame }) => !there.has(frame));
  if (missing.length === 0) return;
  const addresses = await upload({ api, storage }, { project, tag, frames: missing });
  const made: NewTask[] = missing.map((frame) => ({ data: { image: addresses.get(frame.frame), frame: frame.frame, time: Number(frame.time.toFixed(3)), video: tag }, predictions: predictionsOf(frame, wanted) }));
  for (let start = 0; start < made.length; start += TASKS_AT_ONCE) await api.importTasks(project, made.slice(start, start + TASKS_AT_ONCE));
}

/** What may go: frames of another video, what an attempt left behind, a second task of a frame, and frames that are no longer asked for and nobody labeled. */
function superfluous(tasks: Task[], frames: FrameLabels[], tag: string): Task[] {
  const numbers = new Set(frames.map(({ frame }) => frame));
  const seen = new Set<number>();
  const isLabeled = ({ annotations }: Task): boolean => latest(annotations) !== null;
  // Labeled ones first, so that of two tasks the labeled one stays.
  return tasks.toSorted((a, b) => Number(isLabeled(b)) - Number(isLabeled(a)) || a.id - b.id).filter((task) => {
    const { frame, video, image } = task.data;
    if (typeof frame !== "number" || typeof video !== "string") return frame === undefined && typeof image === "string" && isOurUpload(image);
    if (video !== tag || seen.has(frame)) return true;
    seen.add(frame);
    return !numbers.has(frame) && !isLabeled(task);
  });
}

function predictionsOf({ objects, width, height }: FrameLabels, { task, modelVersion }: Wanted): NewTask["predictions"] {
  if (objects.length === 0) return [];
  const scores = objects.flatMap(({ score }) => (score === undefined ? [] : [score]));
  // Sorted by score in Label Studio, the most doubtful frames come first.
  return [{ model_version: modelVersion, result: toResults(objects, task.keypoints, { width, height }), ...(scores.length === 0 ? {} : { score: Math.min(...scores) }) }];
}

/** The pre-labels may have been made anew since an earlier request; predictions that others added stay. */
async function refreshPredictions(api: Api, wanted: Wanted, there: Map<number, Task[]>): Promise<void> {
  const { project, frames, modelVersion, formerModelVersion } = wanted;
  const added: Parameters<Api["importPredictions"]>[1] = [];
  for (const frame of frames) {
    const [task] = there.get(frame.frame) ?? [];
    if (task === undefined) continue;
    const [prediction] = predictionsOf(frame, wanted);
    const ours = task.predictions.filter(({ model_version: name }) => name === modelVersion || name === formerModelVersion);
    const isSame = ({ model_version: name, result }: Task["predictions"][number]): boolean => prediction !== undefined && name === modelVersion && canonicalJson(result) === canonicalJson(prediction.result);
    const current = ours.find(isSame);
    for (const old of ours) if (old !== current) await api.deletePrediction(old.id);
    if (prediction !== undefined && current === undefined) added.push({ task: task.id, ...prediction });
  }
  for (let start = 0; start < added.length; start += TASKS_AT_ONCE) await api.importPredictions(project, added.slice(start, start + TASKS_AT_ONCE));
}

const fileName = (tag: string, frame: number): string => `${tag}-${String(frame).padStart(8, "0")}.jpg`;
const isOurUpload = (address: string): boolean => /[0-9a-f]{8}-[0-9a-f]{8}-\d{8}\.jpg$/.test(address);

/** Uploads what is not there yet; returns each frame's address as a task has to name it. */
async function upload({ api, storage }: { api: Api; storage: Storage }, { project, tag, frames }: { project: number; tag: string; frames: FrameLabels[] }): Promise<Map<number, string>> {
  const pathOf = (paths: string[], frame: number): string | undefined => paths.find((path) => path.endsWith(`-${fileName(tag, frame)}`));
  const before = await api.uploads(project);
  let batch: { name: string; content: Buffer }[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await api.uploadImages(project, batch, { commit: false });
    batch = [];
  };
  for (const { frame, image_key } of frames) {
    if (pathOf(before, frame) !== undefined) continue;
    const content = await storage.read(image_key);
    if (batch.length >= FILES_AT_ONCE || batch.reduce((sum, { content: { length } }) => sum + length, content.length) > BYTES_AT_ONCE) await flush();
    batch.push({ name: fileName(tag, frame), content });
  }
  await flush();
  const paths = await api.uploads(project);
  const addressOf = await addressing({ api, storage }, { project, frame: frames[0]! });
  return new Map(
    frames.map(({ frame }) => {
      const path = pathOf(paths, frame);
      if (path === undefined) throw new LabelStudioError(`Label Studio lacks the picture of frame ${frame}, although it was uploaded`, { url: `/api/projects/${project}/file-uploads` });
      return [frame, addressOf(path)];
    }),
  );
}

/**
 * How an uploaded file is addressed depends on where Label Studio keeps its files (disk or bucket) and on its own address, and only
 * a task that it makes itself shows that: one is made of the first picture, and removed.
 */
async function addressing({ api, storage }: { api: Api; storage: Storage }, { project, frame }: { project: number; frame: FrameLabels }): Promise<(path: string) => string> {
  const name = fileName("00000000", frame.frame);
  await api.uploadImages(project, [{ name, content: await storage.read(frame.image_key) }], { commit: true });
  const path = (await api.uploads(project)).filter((uploaded) => uploaded.endsWith(`-${name}`)).at(-1) ?? "";
  const tasks = (await api.tasks(project)) ?? [];
  const probes = tasks.filter(({ data }) => data["frame"] === undefined && String(data["image"]).endsWith(`-${name}`));
  const address = probes.map(({ data }) => String(data["image"])).find((image) => path !== "" && image.endsWith(path));
  for (const { id } of probes) await api.deleteTask(id);
  if (address === undefined) throw new LabelStudioError("Label Studio does not show how it addresses uploaded pictures", { url: `/api/projects/${project}/import` });
  const prefix = address.slice(0, -path.length);
  return (uploaded) => prefix + uploaded;
}
