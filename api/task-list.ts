import type { Static } from "typebox";
import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { ID_PATTERN } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import type { PipelineInput } from "../workflows/messages.ts";
import type { TaskRow } from "./schemas.ts";
import type { Description, TemporalGateway } from "./temporal.ts";
import { waitingFor } from "./views.ts";

type Row = Static<typeof TaskRow>;

/** Temporal lists a new task a moment after it began; ours are known at once. */
const NEW_MS = 60_000;

const rowOf = (d: Description): Row => ({ task_id: d.taskId, user_id: d.owner, project: d.project, status: d.status, waiting_for: waitingFor(d), created_at: d.createdAt, ended_at: d.endedAt, step: d.step });

function rowOfRecord({ task_id, user_id, project, status, waiting_for, created_at, ended_at, steps }: TaskState): Row {
  const reached = steps.findLast((step) => step.status !== "pending");
  return { task_id, user_id, project, status, waiting_for, created_at, ended_at, step: reached?.name ?? null };
}

export type TaskList = ReturnType<typeof createTaskList>;

/** The newest tasks: those that Temporal knows, those that only their records know, and those that were just made. */
export function createTaskList({ temporal, storage }: { temporal: Pick<TemporalGateway, "list">; storage: Storage }) {
  const fresh = new Map<string, Row & { until: number }>();
  const prefix = "tasks/";
  const idOfRecord = (key: string): string | null => {
    const id = key.slice(prefix.length).split("/")[0]!;
    return new RegExp(ID_PATTERN).test(id) && key === taskKeys(id).record ? id : null;
  };

  /** Records of ended tasks that are not among `known`, newest first. */
  async function forgotten({ known, owner, limit }: { known: Set<string>; owner: string | null; limit: number }): Promise<Row[]> {
    const ids = (await storage.list(prefix)).map(idOfRecord).filter((id) => id !== null && !known.has(id)) as string[];
    const rows: Row[] = [];
    for (const id of ids.toSorted().toReversed()) {
      if (rows.length >= limit) break;
      const record = await readJsonIfThere<TaskState>(storage, taskKeys(id).record);
      if (record !== null && record.run === undefined && (owner === null || record.user_id === owner)) rows.push(rowOfRecord(record));
    }
    return rows;
  }

  return {
    /** A task that this process has just started. */
    add({ taskId, settings, createdAt }: PipelineInput): void {
      const now = Date.now();
      for (const [id, row] of fresh) if (row.until < now) fresh.delete(id);
      fresh.set(taskId, { task_id: taskId, user_id: settings.user_id, project: settings.project, status: "running", waiting_for: null, created_at: createdAt, ended_at: null, step: null, until: now + NEW_MS });
    },
    async newest({ owner, limit }: { owner: string | null; limit: number }): Promise<Row[]> {
      const listed = (await temporal.list({ owner, limit })).map(rowOf);
      const known = new Set(listed.map((row) => row.task_id));
      const past = await forgotten({ known, owner, limit });
      for (const row of past) known.add(row.task_id);
      const recent = [...fresh.values()].filter((row) => !known.has(row.task_id) && row.until > Date.now() && (owner === null || row.user_id === owner)).map(({ until: _until, ...row }) => row);
      return [...listed, ...past, ...recent].toSorted((a, b) => (a.task_id < b.task_id ? 1 : -1)).slice(0, limit);
    },
  };
}
