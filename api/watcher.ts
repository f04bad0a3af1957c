import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import type { TemporalGateway } from "./temporal.ts";
import { stateFromDescription, withEnd, withProgress, type TaskView } from "./views.ts";

/** Temporal is asked about a task at most this often, whoever asks us. */
const INTERVAL_MS = 1_000;
/** An ended task changes only if it gets a new round, or if somebody resets it by hand. */
const ENDED_MS = 30_000;
/** After a query that no worker answered, so long without another: each costs its whole deadline. */
const SILENT_MS = 3_000;
/** Tasks remembered at most; the one asked for longest ago makes room. */
const REMEMBERED = 2_000;

interface Watched {
  answer: Promise<TaskView | null>;
  /** Milliseconds since 1970: from then on the answer is too old. Infinity while it is on its way. */
  staleAt: number;
  silentUntil: number;
}

export type Watcher = ReturnType<typeof createWatcher>;

/** What is known of a task; one look at Temporal at a time, shared by all who ask. */
export function createWatcher({ temporal, storage }: { temporal: Pick<TemporalGateway, "state" | "describe" | "input">; storage: Storage }) {
  const watched = new Map<string, Watched>();

  const fromRecord = async (taskId: string): Promise<TaskView | null> => {
    const state = await readJsonIfThere<TaskState>(storage, taskKeys(taskId).record);
    return state === null ? null : { state, answeredBy: "record", ended: true };
  };

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
    const state = Date.now() < entry.silentUntil ? null : await temporal.state(taskId);
    if (state !== null) return { state: withProgress(withEnd(state, description), description.activities), answeredBy: "workflow", ended };
    if (Date.now() >= entry.silentUntil) entry.silentUntil = Date.now() + SILENT_MS;
    const told = stateFromDescription(description, await temporal.input(taskId));
    return { state: withProgress(told, description.activities), answeredBy: "temporal", ended };
  }

  return {
    /** What is remembered of it no longer holds. */
    forget: (taskId: string): void => void watched.delete(taskId),

    /** null where neither Temporal nor storage knows the task. */
    async view(taskId: string): Promise<TaskView | null> {
      const now = Date.now();
      const known = watched.get(taskId);
      if (known !== undefined && now < known.staleAt) return await known.answer;
      const entry: Watched = { answer: Promise.resolve(null), staleAt: Infinity, silentUntil: known?.silentUntil ?? 0 };
      entry.answer = look(taskId, entry);
      watched.delete(taskId);
      watched.set(taskId, entry);
      if (watched.size > REMEMBERED) watched.delete(watched.keys().next().value!);
      try {
        const view = await entry.answer;
        entry.staleAt = Math.max(now + INTERVAL_MS, view?.ended === true ? Date.now() + ENDED_MS : 0);
        return view;
      } catch (error) {
        entry.staleAt = now + INTERVAL_MS;
        throw error;
      }
    },
  };
}
