import { setTimeout as sleep } from "node:timers/promises";
import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import type { PipelineInput } from "../workflows/messages.ts";
import type { Description, TemporalGateway } from "./temporal.ts";
import { stateFromDescription, withEnd, withProgress, type TaskView } from "./views.ts";

/** Temporal is asked about a task at most this often, whoever asks us. */
const INTERVAL_MS = 1_000;
/** An ended task changes only if it gets a new round, or if somebody resets it by hand. */
const ENDED_MS = 30_000;
/** After a query that no worker answered, so long without another: each costs its whole deadline. */
const SILENT_MS = 3_000;
/** Who only wants to know how a task is waits so long for a new look, ... */
const GLANCE_MS = 100;
/** ... and then gets the one before, if it is no older than this. */
const GLANCE_OLD_MS = 3_000;
/** A workflow whose history has not changed is asked again after so long: somebody should notice when no worker answers any more. */
const UNCHANGED_MS = 10_000;
/** Tasks remembered at most; the one asked for longest ago makes room. */
const REMEMBERED = 2_000;

interface Watched {
  answer: Promise<TaskView | null>;
  /** Milliseconds since 1970: from then on the answer is too old. Infinity while it is on its way. */
  staleAt: number;
  silentUntil: number;
  /** What the workflow itself said last, at which length of its history, and when. */
  said: { state: TaskState; history: string; at: number } | null;
  /** The last look that came to its end, and when it began. */
  last: { view: TaskView; at: number } | null;
}

export type Watcher = ReturnType<typeof createWatcher>;

/** What is known of a task; one look at Temporal at a time, shared by all who ask. */
export function createWatcher({ temporal, storage }: { temporal: Pick<TemporalGateway, "state" | "describe" | "input">; storage: Storage }) {
  const watched = new Map<string, Watched>();

  const fromRecord = async (taskId: string): Promise<TaskView | null> => {
    const state = await readJsonIfThere<TaskState>(storage, taskKeys(taskId).record);
    return state === null ? null : { state, answeredBy: "record", ended: true };
  };

  /** What the workflow says; null where no worker answers for it. */
  async function ask(taskId: string, entry: Watched, history: string): Promise<TaskState | null> {
    const now = Date.now();
    if (entry.said?.history === history && now - entry.said.at < UNCHANGED_MS) return entry.said.state;
    if (now < entry.silentUntil) return null;
    const state = await temporal.state(taskId);
    if (state === null) entry.silentUntil = Date.now() + SILENT_MS;
    else entry.said = { state, history, at: now };
    return state;
  }

  async function look(taskId: string, entry: Watched): Promise<TaskView | null> {
    const description = await temporal.describe(taskId).catch(async (error: unknown) => {
      // Temporal is away: an ended task can be shown all the same.
      if ((await storage.size(taskKeys(taskId).record)) === null) throw error;
      return null;
    });
    if (description === null) return await fromRecord(taskId);
    const ended = !description.open;
    // Its last act was to write down its state.
    const record = ended ? await fromRecord(taskId) : null;
    if (record !== null) return record;
    const state = await ask(taskId, entry, description.history);
    if (state !== null) return { state: withProgress(withEnd(state, description), description.activities), answeredBy: "workflow", ended };
    const told = stateFromDescription(description, await temporal.input(taskId));
    return { state: withProgress(told, description.activities), answeredBy: "temporal", ended };
  }

  /** null where neither Temporal nor storage knows the task. At most INTERVAL_MS old. */
  async function view(taskId: string): Promise<TaskView | null> {
    const now = Date.now();
    const known = watched.get(taskId);
    if (known !== undefined && now < known.staleAt) return await known.answer;
    const entry: Watched = { answer: Promise.resolve(null), staleAt: Infinity, silentUntil: known?.silentUntil ?? 0, said: known?.said ?? null, last: known?.last ?? null };
    entry.answer = look(taskId, entry);
    remember(taskId, entry);
    try {
      const found = await entry.answer;
      entry.last = found === null ? null : { view: found, at: now };
      entry.staleAt = Math.max(now + INTERVAL_MS, found?.ended === true ? Date.now() + ENDED_MS : 0);
      return found;
    } catch (error) {
      entry.staleAt = now + INTERVAL_MS;
      throw error;
    }
  }

  function remember(taskId: string, entry: Watched): void {
    watched.delete(taskId);
    watched.set(taskId, entry);
    if (watched.size > REMEMBERED) watched.delete(watched.keys().next().value!);
  }

  return {
    view,

    /** A task that has just begun: who asks for it before Temporal has answered learns this. */
    began({ taskId, settings, createdAt }: PipelineInput): void {
      const { user_id: owner, project } = settings;
      const description: Description = { taskId, kind: null, open: true, status: "running", owner, project, step: null, round: 1, createdAt, endedAt: null, history: "", activities: [] };
      const begun: TaskView = { state: stateFromDescription(description, { taskId, settings, createdAt }), answeredBy: "temporal", ended: false };
      remember(taskId, { answer: Promise.resolve(begun), staleAt: 0, silentUntil: 0, said: null, last: { view: begun, at: Date.now() } });
    },

    /** The same for those who would rather have it soon than new: where Temporal takes its time, what was seen at most GLANCE_OLD_MS ago. */
    async glance(taskId: string): Promise<TaskView | null> {
      const looking = view(taskId);
      const last = watched.get(taskId)?.last ?? null;
      if (last === null || Date.now() - last.at > GLANCE_OLD_MS) return await looking;
      return await Promise.race([looking, sleep(GLANCE_MS, last.view, { ref: false })]);
    },

    /** What is remembered of it no longer holds. */
    forget: (taskId: string): void => void watched.delete(taskId),
  };
}
