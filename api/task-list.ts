import type { Static } from "typebox";
import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { timeOfId } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";
import type { TaskState, TaskStatus } from "../domain/state.ts";
import type { StepName } from "../domain/task.ts";
import type { TaskRow } from "./schemas.ts";
import type { Listed, TaskIndex } from "./task-index.ts";
import type { Description, TemporalGateway } from "./temporal.ts";
import { waitingFor } from "./views.ts";

type Row = Static<typeof TaskRow>;

export interface ListQuery {
  /** Whose list: what they own and what they may label; null: everybody's. */
  user: string | null;
  limit: number;
  /** The id behind which the page begins. */
  cursor: string | null;
  kind: "task" | "run" | "all";
  owner?: string;
  project?: string;
  step?: StepName;
  state?: TaskStatus;
}

/** Temporal lists a new task a moment after it began. */
const NEW_MS = 60_000;
/** Looked up at once; entries looked through for one page, so that a filter that few match costs no more: then the page is short. */
const BATCH = 100;
const SCAN = 1_000;

const rowOf = ({ taskId, kind, owner, project, status, open, step, createdAt, endedAt }: Description): Row => ({ task_id: taskId, run: kind, user_id: owner, project, status, waiting_for: waitingFor({ open, status, step }), created_at: createdAt, ended_at: endedAt, step });

function rowOfRecord({ task_id, run, user_id, project, status, waiting_for, created_at, ended_at, steps }: TaskState): Row {
  const reached = steps.findLast((step) => step.status !== "pending");
  return { task_id, run: run?.kind ?? null, user_id, project, status, waiting_for, created_at, ended_at, step: reached?.name ?? null };
}

/** Pages of tasks, the newest first: which there are is in storage, how they are Temporal says, and of those that it has forgotten their records. */
export function createTaskList({ temporal, storage, index }: { temporal: Pick<TemporalGateway, "list" | "describe">; storage: Storage; index: TaskIndex }) {
  /** null where it was listed, but never began. */
  async function unlisted({ id }: Listed): Promise<Row | null> {
    const record = await readJsonIfThere<TaskState>(storage, taskKeys(id).record);
    if (record !== null) return rowOfRecord(record);
    const description = Date.now() - timeOfId(id) < NEW_MS ? await temporal.describe(id) : null;
    return description === null ? null : rowOf(description);
  }

  async function rowsOf(entries: Listed[]): Promise<Map<string, Row>> {
    if (entries.length === 0) return new Map();
    const rows = new Map((await temporal.list(entries)).map((description) => [description.taskId, rowOf(description)]));
    const missing = await Promise.all(entries.filter(({ id }) => !rows.has(id)).map(async (entry) => [entry.id, await unlisted(entry)] as const));
    for (const [id, row] of missing) if (row !== null) rows.set(id, row);
    return rows;
  }

  return {
    /** `next`: the cursor of the page behind; null: there is none. A page may be short, or empty, and have one. */
    async page({ user, limit, cursor, kind, owner, project, step, state }: ListQuery): Promise<{ tasks: Row[]; next: string | null }> {
      const matches = (row: Row): boolean => (owner ?? row.user_id) === row.user_id && (project ?? row.project) === row.project && (step ?? row.step) === row.step && (state ?? row.status) === row.status;
      const tasks: Row[] = [];
      const isFiltered = [owner, project, step, state].some((filter) => filter !== undefined);
      const batch = isFiltered ? BATCH : Math.min(BATCH, limit);
      let after = cursor;
      for (let scanned = 0; scanned < SCAN; ) {
        // One more than is wanted tells whether there is a page behind.
        const found = await index.page({ user, after, limit: batch + 1 });
        const entries = found.slice(0, batch);
        const rows = await rowsOf(entries.filter((entry) => kind === "all" || (kind === "run") === (entry.kind !== null)));
        for (const [i, { id }] of entries.entries()) {
          after = id;
          const row = rows.get(id);
          if (row !== undefined && matches(row)) tasks.push(row);
          if (tasks.length === limit) return { tasks, next: i + 1 < found.length ? after : null };
        }
        if (found.length <= batch) return { tasks, next: null };
        scanned += entries.length;
      }
      return { tasks, next: after };
    },
  };
}
