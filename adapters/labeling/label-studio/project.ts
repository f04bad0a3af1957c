import type { Api } from "./api.ts";
import { instructions, labelConfig } from "./config.ts";
import { isStatus, type LabelStudioError } from "./client.ts";
import { InputError } from "../../../domain/errors.ts";
import type { LabelingTask } from "../../../domain/labels.ts";
import type { Hook, Project } from "./wire.ts";

/** Makes the project, or finds the one that an earlier attempt made. `known`: its id where that is known, as people may rename it. */
export async function ensureProject(api: Api, task: LabelingTask, known: number | null): Promise<Project> {
  const config = { label_config: labelConfig(task), expert_instruction: instructions(task) };
  const found = (known === null ? null : await api.project(known)) ?? (await api.projectCalled(task.title));
  if (found !== null) return found.label_config === config.label_config && found.expert_instruction === config.expert_instruction ? found : await api.updateProject(found.id, config);
  const made = await api.createProject({
    ...config,
    title: task.title,
    description: `Labels for Actverse's task ${task.task_id}, round ${task.round}. Its frames and suggestions come from there, and what is approved here is learned from.`,
    show_instruction: true,
    show_skip_button: false,
    // A frame without an animal is approved as it is.
    enable_empty_annotation: true,
    maximum_annotations: 1,
  });
  // Another attempt may have made one at the same moment: the older one stays.
  const oldest = (await api.projectCalled(task.title)) ?? made;
  if (oldest.id < made.id) await api.deleteProject(made.id);
  return oldest.id < made.id ? oldest : made;
}

export interface HookSettings {
  project: number;
  taskId: string;
  round: number;
  publicUrl: string;
  secret: string;
}

/** Names of the headers with which our hooks call. */
export const SECRET_HEADER = "x-actverse-secret";
export const ROUND_HEADER = "x-actverse-round";

/** Registers our webhook once: one that is there, perhaps switched off or with an old secret, is put right. */
export async function ensureHook(api: Api, { project, taskId, round, publicUrl, secret }: HookSettings): Promise<void> {
  const path = `/webhooks/label-studio/${taskId}`;
  // All actions, since those of reviews are known to Enterprise alone and refused elsewhere.
  const wanted = { url: `${publicUrl}${path}`, headers: { [SECRET_HEADER]: secret, [ROUND_HEADER]: String(round) }, is_active: true, send_payload: true, send_for_all_actions: true };
  const isAsWanted = (hook: Hook): boolean => hook.url === wanted.url && hook.is_active && hook.send_payload && hook.send_for_all_actions && hook.headers[SECRET_HEADER] === secret && hook.headers[ROUND_HEADER] === String(round);
  const there = (await api.hooks(project)).find(({ url }) => url.endsWith(path));
  if (there !== undefined && isAsWanted(there)) return;
  try {
    await (there === undefined ? api.createHook({ ...wanted, project }) : api.updateHook(there.id, wanted));
  } catch (error) {
    if (!isAboutAddress(error)) throw error;
    throw new InputError({
      field: "ACTVERSE_PUBLIC_URL",
      message: `Label Studio refuses to call ${wanted.url}: ${error.message}`,
      whatToDo: "Set ACTVERSE_PUBLIC_URL to an address of Actverse that Label Studio can reach; for one on the same machine or in a private network start Label Studio with SSRF_PROTECTION_ENABLED=false. Then retry the step labeling.",
      cause: error,
    });
  }
}

/** 400: no address at all. 403: one that Label Studio's protection against calls into private networks forbids. 500: a name that it cannot resolve. */
function isAboutAddress(error: unknown): error is Error {
  if (error instanceof InputError) return error.status === 403 && /reserved network address|URL was not allowed/.test(error.message);
  return isStatus(error, 400) || (isStatus(error, 500) && (error as LabelStudioError).message.includes("resolve hostname"));
}
