import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyRequest } from "fastify";
import { InputError } from "../domain/errors.ts";
import { ID_PATTERN } from "../domain/ids.ts";
import type { TaskState } from "../domain/state.ts";
import type { TrainingData, VerifyOutput } from "../domain/steps.ts";
import type { TaskBody } from "../domain/task.ts";
import { readDataYaml } from "../domain/yolo-data.ts";
import { refuseDeleted, taskFor, taskOrRunFor, type Context } from "./context.ts";
import { checkPath } from "./file-path.ts";

/** What a training on its own learns from, and what its settings then say of it. */
export interface ChosenData {
  data: TrainingData;
  settings: Pick<TaskBody, "file_path" | "project" | "classes" | "keypoints" | "flip_idx">;
}

const isId = (path: string): boolean => new RegExp(ID_PATTERN).test(path);
const refuse = (message: string, whatToDo: string, status: 400 | 404 | 409 = 400): InputError => new InputError({ field: "data_path", message, whatToDo, status });

/** Looks at `data_path` as far as this process can see it. Throws InputError: 400 bad path, 404 no such thing or somebody else's, 409 labels that are not approved. */
export async function chooseData(request: FastifyRequest, context: Pick<Context, "storage" | "watcher" | "allowedRoots">, path: string | string[]): Promise<ChosenData> {
  const paths = [path].flat();
  if (paths.every(isId)) return await tasksData(request, context, paths);
  const [only = ""] = paths;
  if (paths.length > 1) throw refuse("data_path is a list, but not of tasks", "give a list of task_ids, or one path");
  const stored = /^train_log\/([0-9a-z]{12})\/(?:round-[0-9]+\/)?data\.yaml$/.exec(only);
  if (stored !== null) return await storedData(request, context, only, stored[1]!);
  if (!only.startsWith("/")) throw refuse(`data_path is ${only.slice(0, 200)}`, "give a task_id or several, the absolute path of a folder with a data.yaml, or train_log/{task_id}/data.yaml");
  return await folderData(context, only);
}

async function tasksData(request: FastifyRequest, context: Pick<Context, "watcher">, ids: string[]): Promise<ChosenData> {
  const states: TaskState[] = [];
  for (const id of ids) states.push((await taskFor(request, context, id)).state);
  for (const state of states) refuseDeleted(state);
  const snapshots = states.map(approvedOf);
  const { classes, keypoints, flip_idx: flipIdx, project } = states[0]!.settings;
  return { data: { from: "tasks", snapshots }, settings: { file_path: ids.join(", ").slice(0, 4000), project, classes, keypoints, ...(flipIdx === null ? {} : { flip_idx: flipIdx }) } };
}

/** The labels that were approved last, of this round or an earlier one. */
function approvedOf({ task_id, steps, rounds = [] }: TaskState): { task_id: string; key: string; sha256: string } {
  const labeling = steps.find(({ name }) => name === "labeling");
  const now = labeling?.status === "completed" ? (labeling.result as Partial<Extract<VerifyOutput, { holds: true }>> | null) : null;
  if (now?.snapshotKey !== undefined && now.sha256 !== undefined) return { task_id, key: now.snapshotKey, sha256: now.sha256 };
  const before = rounds.findLast(({ snapshot_key, sha256 }) => snapshot_key !== null && sha256 !== null);
  if (before !== undefined) return { task_id, key: before.snapshot_key!, sha256: before.sha256! };
  throw refuse(`the labels of task ${task_id} are not approved`, "approve them first", 409);
}

async function storedData(request: FastifyRequest, context: Pick<Context, "storage" | "watcher">, key: string, taskId: string): Promise<ChosenData> {
  const { state } = await taskOrRunFor(request, context, taskId);
  const { storage } = context;
  if ((await storage.size(key)) === null) throw refuse(`there is no ${key}`, "check the path", 404);
  return { data: { from: "storage", key }, settings: { file_path: key, project: state.project, ...kindIn((await storage.read(key)).toString("utf8"), key) } };
}

async function folderData({ allowedRoots }: Pick<Context, "allowedRoots">, path: string): Promise<ChosenData> {
  const isYaml = /\.ya?ml$/i.test(path);
  await checkPath({ path: isYaml ? path : join(path, "data.yaml"), field: "data_path", kind: "file", allowedRoots });
  const yaml = isYaml ? path : join(path, "data.yaml");
  // Where the folders are on the workers' machines alone, they look.
  const text = await stat(yaml).then((found) => (found.size > 1_000_000 ? null : readFile(yaml, "utf8")), () => undefined);
  if (text === null) throw refuse(`${yaml} is larger than any data.yaml`, "give the data.yaml of a dataset");
  return { data: { from: "folder", path }, settings: { file_path: path, ...(text === undefined ? {} : kindIn(text, yaml)) } };
}

function kindIn(text: string, place: string): Partial<ChosenData["settings"]> {
  const { classes, keypoints, flipIdx } = readDataYaml(text, place).kind;
  return { classes, keypoints, ...(flipIdx === null ? {} : { flip_idx: flipIdx }) };
}
