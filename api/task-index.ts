import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { sha256Of } from "../domain/hash.ts";
import { ID_PATTERN, mirrored } from "../domain/ids.ts";
import { LISTS_COMPLETE, TASKS_PREFIX, listKeys, taskKeys } from "../domain/layout.ts";
import { RUN_KINDS, type RunKind } from "../domain/runs.ts";
import type { TaskState } from "../domain/state.ts";
import type { TemporalGateway } from "./temporal.ts";

/** A task, or (`kind` is not null) a single step that runs on its own. */
export interface Listed {
  id: string;
  kind: RunKind | null;
}

interface Seen extends Listed {
  owner: string;
  /** Those who may label it. */
  people: string[];
}

const TASK = "task";
const isId = (id: string): boolean => new RegExp(ID_PATTERN).test(id);
const hashOf = (user: string | null): string | null => (user === null ? null : sha256Of(user).slice(0, 32));
const keyFor = (user: string | null, { id, kind }: Listed): string => listKeys(hashOf(user)).entry(mirrored(id), kind ?? TASK);

export type TaskIndex = ReturnType<typeof createTaskIndex>;

/**
 * Which tasks and runs each user sees, the newest first: kept as keys in storage, so that a page of them costs the same among ten and among
 * a million, whatever Temporal still knows.
 */
export function createTaskIndex({ storage, temporal }: { storage: Storage; temporal: Pick<TemporalGateway, "known"> }) {
  let complete: Promise<void> | null = null;

  const add = async ({ owner, people, ...of }: Seen): Promise<void> => {
    await Promise.all([null, owner, ...people].map((user) => storage.createIfAbsent(keyFor(user, of), "")));
  };
  const takeFrom = async (users: (string | null)[], of: Listed): Promise<void> => {
    for (const user of users) await storage.remove(keyFor(user, of));
  };

  /** Once in a data folder's life: tasks from before there were lists. */
  async function takeInOld(): Promise<void> {
    if ((await storage.size(LISTS_COMPLETE)) !== null) return;
    const ended = new Set<string>();
    for (const key of await storage.list(TASKS_PREFIX)) {
      const id = key.slice(TASKS_PREFIX.length).split("/")[0]!;
      if (!isId(id) || key !== taskKeys(id).record) continue;
      const record = await readJsonIfThere<TaskState>(storage, key);
      ended.add(id);
      if (record !== null && record.deleted_at === undefined) await add({ id, kind: record.run?.kind ?? null, owner: record.user_id, people: record.settings.labeling?.people ?? [] });
    }
    for (const { taskId, kind, owner } of await temporal.known()) if (!ended.has(taskId)) await add({ id: taskId, kind, owner, people: [] });
    await storage.createIfAbsent(LISTS_COMPLETE, JSON.stringify({ at: new Date().toISOString() }));
  }

  return {
    add,
    remove: ({ owner, people, ...of }: Seen): Promise<void> => takeFrom([...people, owner, null], of),
    /** Other people may label it from now on. */
    async change({ owner, people, before, ...of }: Seen & { before: string[] }): Promise<void> {
      await takeFrom(before.filter((user) => !people.includes(user) && user !== owner), of);
      await add({ ...of, owner, people });
    },

    /** At most `limit` entries of a user's list (null: everybody's) behind the id `after`, the newest first. */
    async page({ user, after, limit }: { user: string | null; after: string | null; limit: number }): Promise<Listed[]> {
      complete ??= takeInOld().catch((error: unknown) => {
        complete = null;
        throw error;
      });
      await complete;
      const keys = listKeys(hashOf(user));
      const found = await storage.list(keys.prefix, { limit, ...(after === null ? {} : { after: keys.after(mirrored(after)) }) });
      return found.flatMap((key) => {
        const [name = "", kind] = key.slice(keys.prefix.length).split(".");
        return isId(name) ? [{ id: mirrored(name), kind: RUN_KINDS.find((known) => known === kind) ?? null }] : [];
      });
    },
  };
}
