import { setTimeout as sleep } from "node:timers/promises";
import type { LiveMessage } from "../api/live.ts";
import { messageOf } from "../domain/errors.ts";
import { withProgressOf, type StatusAnswer } from "../domain/live-progress.ts";
import type { TaskState, TaskStatus } from "../domain/state.ts";
import { isPassing, type ApiClient } from "./client.ts";
import { eventsOf, type Trouble } from "./events.ts";
import { EXIT } from "./exit-codes.ts";

/** After a retry the status says `parked` for a moment longer: up to a second old, and another until the workflow has run. */
const PARKED_FOR_GOOD_MS = 3_000;
const LOOK_AGAIN_MS = 1_000;
const OUTCOMES: Partial<Record<TaskStatus, number>> = { completed: EXIT.done, parked: EXIT.parked, cancelled: EXIT.cancelled, failed: EXIT.failed };

/** What a command that waited for the task ends with. */
export const outcomeOf = ({ status }: Pick<TaskState, "status">): number => OUTCOMES[status] ?? EXIT.unexpected;

export interface Watching extends Trouble {
  /** How it is now: at the beginning, at every change, and at the end. */
  state(state: TaskState): void;
  /** As the API sent it. */
  message(message: LiveMessage): void;
}

/** Follows a task, or a single step, until it has ended or a person must mend something; its last state, null where `signal` aborted. */
export async function followTask({ api, taskId, signal, watching }: { api: ApiClient; taskId: string; signal: AbortSignal; watching: Watching }): Promise<TaskState | null> {
  const look = async (): Promise<StatusAnswer> => {
    const found = await api.get<StatusAnswer>(`/status/${taskId}`);
    watching.state(found);
    return found;
  };
  /** Over a restart of the API. */
  const lookAgain = async (): Promise<StatusAnswer> => {
    for (let troubled = false; ; troubled = true) {
      try {
        const found = await look();
        if (troubled) watching.said(null);
        return found;
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
        if (!troubled) watching.said(messageOf(error));
        await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => {});
      }
    }
  };
  const staysParked = async (): Promise<boolean> => {
    await sleep(PARKED_FOR_GOOD_MS, undefined, { signal }).catch(() => {});
    return !signal.aborted && (await lookAgain()).status === "parked";
  };

  let state = await look();
  for await (const message of eventsOf({ api, taskId, signal, trouble: watching })) {
    watching.message(message);
    if (message.event === "problem" || message.event === "end") continue;
    // Between two changes of a step only its progress is new, and that is in the message.
    const known = message.event === "progress" ? withProgressOf(state, message.data) : null;
    if (known === null) state = await lookAgain();
    else watching.state((state = known));
    if (state.status === "parked" && (await staysParked())) return await lookAgain();
  }
  return signal.aborted ? null : await lookAgain();
}
