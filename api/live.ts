import { setTimeout as sleep } from "node:timers/promises";
import type { TaskEvent } from "../domain/events.ts";
import type { LiveProgress } from "../domain/live-progress.ts";
import { isBusy, type TaskState, type TaskStatus } from "../domain/state.ts";
import { problemOf, type Problem } from "./problems.ts";
import type { TaskView } from "./views.ts";
import type { Watcher } from "./watcher.ts";

/**
 * A line of the timeline (named as the event, with an id that a watcher can come back with), `progress`, `end`,
 * or `problem` where the task cannot be looked at now; it is looked at again.
 */
export type LiveMessage =
  | { id: string; event: TaskEvent["event"]; data: TaskEvent }
  | { event: "progress"; data: LiveProgress }
  | { event: "problem"; data: Problem }
  | { event: "end"; data: { task_id: string; status: TaskStatus } };

/** Just above the watcher's interval, so that each look is a new one. */
const LOOK_MS = 1_005;

interface Look {
  view: TaskView;
  progress: LiveProgress;
  /** The same as JSON: equal text, nothing new. */
  text: string;
}

interface Hub {
  latest: Look | null;
  problem: Problem | null;
  /** Called once, at the next look. */
  waiting: Set<() => void>;
  watchers: number;
}

export type Live = ReturnType<typeof createLive>;

/** Tasks as they happen. However many watch a task, it is looked at once a second. */
export function createLive({ watcher }: { watcher: Pick<Watcher, "view"> }) {
  const hubs = new Map<string, Hub>();

  async function run(taskId: string, hub: Hub): Promise<void> {
    while (hub.watchers > 0) {
      const next = sleep(LOOK_MS);
      try {
        const view = await watcher.view(taskId);
        if (view !== null) hub.latest = lookAt(view);
        hub.problem = null;
      } catch (error) {
        hub.problem = problemOf(error);
      }
      for (const wake of hub.waiting) wake();
      hub.waiting.clear();
      await next;
    }
    hubs.delete(taskId);
  }

  const next = (hub: Hub, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        hub.waiting.delete(done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      hub.waiting.add(done);
    });

  return {
    /** All that is newer than `after` (the id of the last line that was seen; null: from the beginning), until the task ends or `signal` aborts. */
    async *watch(first: TaskView, after: string | null, signal: AbortSignal): AsyncGenerator<LiveMessage> {
      const taskId = first.state.task_id;
      let hub = hubs.get(taskId);
      if (hub === undefined) {
        hub = { latest: lookAt(first), problem: null, waiting: new Set(), watchers: 0 };
        hubs.set(taskId, hub);
      }
      hub.watchers += 1;
      if (hub.watchers === 1) void run(taskId, hub);
      let cursor = after;
      let seen = "";
      let told = "";
      try {
        while (!signal.aborted) {
          const { view, progress, text } = hub.latest ?? lookAt(first);
          for (const { id, event } of newer(view.state, cursor)) {
            cursor = id;
            yield { id, event: event.event, data: event };
          }
          if (text !== seen) yield { event: "progress", data: progress };
          seen = text;
          if (view.ended) {
            yield { event: "end", data: { task_id: taskId, status: view.state.status } };
            return;
          }
          const problem = hub.problem?.detail ?? "";
          if (problem !== told && hub.problem !== null) yield { event: "problem", data: hub.problem };
          told = problem;
          await next(hub, signal);
        }
      } finally {
        hub.watchers -= 1;
      }
    },
  };
}

function lookAt(view: TaskView): Look {
  const { task_id, status, waiting_for, round, steps } = view.state;
  const busy = steps.filter(isBusy).map(({ name, status: is, progress }) => ({ name, status: is, progress }));
  const progress: LiveProgress = { task_id, status, waiting_for, round, answered_by: view.answeredBy, steps: busy };
  return { view, progress, text: JSON.stringify(progress) };
}

/** `{round}.{number of the line in its round}`: both only grow. */
const ID = /^([1-9][0-9]{0,5})\.([0-9]{1,9})$/;

/** Lines of the timeline after the one with this id; all where it is none of ours. A later round begins anew. */
export function newer({ timeline, round }: Pick<TaskState, "timeline" | "round">, after: string | null): { id: string; event: TaskEvent }[] {
  const [, afterRound, afterLine] = (ID.exec(after ?? "") ?? [null, "0", "-1"]).map(Number) as [number, number, number];
  const from = afterRound === round ? afterLine : -1;
  return timeline.flatMap((event, i) => {
    const line = event.seq ?? i;
    return line > from ? [{ id: `${round}.${line}`, event }] : [];
  });
}
