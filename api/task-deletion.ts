import { readJsonIfThere } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { dataPrefixes, modelKeys, taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import type { Context } from "./context.ts";
import type { TaskView } from "./views.ts";

const AT_ONCE = 32;

export type TaskDeletion = ReturnType<typeof createTaskDeletion>;

/**
 * Deletes what a task or run has made: video, frames, labels, training, models under its own name, results. Its record stays, with `deleted_at`.
 * The record is marked first, so that nothing begins anew with what is going away; whatever is killed half-way, the same request again does the rest.
 */
export function createTaskDeletion({ storage, temporal, watcher, index }: Pick<Context, "storage" | "temporal" | "watcher" | "index">) {
  const refuse = (message: string, whatToDo: string): never => {
    throw new InputError({ field: "task_id", message, whatToDo, status: 409 });
  };

  /** Others at work that read its model, labels or frames. */
  async function usersOf(taskId: string): Promise<string[]> {
    const users: string[] = [];
    for (const { taskId: other } of await temporal.readers()) {
      const view = other === taskId ? null : await watcher.view(other);
      if (view === null || view.ended) continue;
      const { run, settings } = view.state;
      if (run === undefined ? settings.prelabel === taskId : run.task_id === taskId || settings.file_path.includes(taskId) || JSON.stringify(run.job).includes(taskId)) users.push(other);
    }
    return users;
  }

  /** From here on it counts as deleted. Throws InputError 409 where it has begun again meanwhile. */
  async function mark({ state }: TaskView, by: string): Promise<TaskState> {
    const { task_id: taskId } = state;
    const at = new Date().toISOString();
    const { record: key } = taskKeys(taskId);
    const before = (await readJsonIfThere<TaskState>(storage, key)) ?? state;
    const seq = (before.timeline.at(-1)?.seq ?? before.timeline.length - 1) + 1;
    const marked: TaskState = { ...before, deleted_at: at, timeline: [...before.timeline, { event: "task.deleted", at, seq, data: { task_id: taskId, by } }] };
    await storage.put(key, JSON.stringify(marked, null, 2));
    const isOpen = (await temporal.describe(taskId))?.open === true;
    if (isOpen) {
      await storage.put(key, JSON.stringify(before, null, 2));
      refuse(`task ${taskId} has begun a new round meanwhile`, "cancel it first, or wait until it has ended");
    }
    return marked;
  }

  async function remove(keys: string[]): Promise<number> {
    for (let start = 0; start < keys.length; start += AT_ONCE) await Promise.all(keys.slice(start, start + AT_ONCE).map((key) => storage.remove(key)));
    return keys.length;
  }

  /** `deleted`: how many files went. Throws InputError 409 while it runs, or while others read what it has made. */
  return async function deleteTask(view: TaskView, by: string): Promise<{ task_id: string; deleted: number; deleted_at: string }> {
    const { task_id: taskId, status } = view.state;
    if (!view.ended && (status === "cancelled" || status === "completed" || status === "failed")) refuse(`task ${taskId} is ending just now: it is ${status}, and writes its record`, "try again in a moment");
    if (!view.ended) refuse(`task ${taskId} has not ended: it is ${status}`, `cancel it first (POST /tasks/${taskId}/cancel), or wait until it has ended`);
    const users = await usersOf(taskId);
    if (users.length > 0) refuse(`what ${taskId} has made is read now by ${users.slice(0, 5).join(", ")}${users.length > 5 ? ` and ${users.length - 5} more` : ""}`, "wait until they have ended, or cancel them first");
    const state = view.state.deleted_at === undefined ? await mark(view, by) : view.state;
    // Without its pointer no version of a model answers: no one finds half a model.
    const { serving } = modelKeys(taskId);
    let deleted = (await storage.size(serving)) === null ? 0 : await remove([serving]);
    for (const prefix of dataPrefixes(taskId)) deleted += await remove(await storage.list(prefix));
    await index.remove({ id: taskId, kind: state.run?.kind ?? null, owner: state.user_id, people: state.settings.labeling?.people ?? [] });
    watcher.forget(taskId);
    return { task_id: taskId, deleted, deleted_at: state.deleted_at! };
  };
}
