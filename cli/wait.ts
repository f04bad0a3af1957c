import type { TaskState } from "../domain/state.ts";
import { selfOf, type Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { followTask, outcomeOf } from "./follow.ts";
import { createProgressView, type ProgressView } from "./progress.ts";
import { openInBrowser } from "./browser.ts";

export interface Waiting {
  /** Opens the labeling page when labels are waited for. */
  opens?: boolean;
}

/** Waits for a task, or a single step, and shows how it goes: bars, lines, or lines of JSON. What the command ends with. */
export async function waitFor(context: Context, taskId: string, { opens = false }: Waiting = {}): Promise<number> {
  const { api, io, json } = context;
  const { signal } = io;
  const view: ProgressView | null = json ? null : createProgressView({ terminal: io.terminal, say: context.say });
  let told = false;
  const tellWhereToLabel = async (state: TaskState): Promise<void> => {
    if (told || view === null || state.steps.find(({ name }) => name === "labeling")?.status !== "waiting") return;
    told = true;
    const { url } = await api.get<{ url: string }>(`/labeling/${taskId}`);
    const address = new URL(url, api.url).href;
    view.note(`  Label now: ${address}`);
    if (opens) await openInBrowser(address, io.env);
  };
  try {
    const state = await followTask({
      api,
      taskId,
      signal,
      watching: {
        state(now) {
          view?.show(now);
          void tellWhereToLabel(now).catch(() => (told = false));
        },
        message: context.line,
        said: (why) => view?.note(why === null ? "  The API answers again." : `  No news: ${why}. The task goes on; trying again ...`),
      },
    }).catch((error: unknown) => {
      if (signal.aborted) return null;
      throw error;
    });
    view?.end();
    if (state === null) {
      io.err(`\n${howToGoOn(taskId, selfOf(io.env))}\n`);
      return EXIT.interrupted;
    }
    context.line({ event: "status", data: state });
    context.say(outcomeInWords(state, selfOf(io.env)));
    return outcomeOf(state);
  } finally {
    view?.end();
  }
}

const howToGoOn = (taskId: string, self: string): string => `The task goes on without this window.\n  Watch it again  ${self} watch ${taskId}\n  End it          ${self} cancel ${taskId}`;

/** How it ended, and what may be done next. */
function outcomeInWords(state: TaskState, self: string): string {
  const { task_id: id, status, steps } = state;
  const what = state.run === undefined ? "Task" : "Step";
  if (status === "parked") {
    const step = steps.find((each) => each.status === "parked");
    return `${what} ${id}: parked at ${step?.name}: ${step?.reason ?? "no reason is known"}\n  What to do: ${step?.what_to_do ?? "look at its page"}\n  Then: ${self} retry ${id}`;
  }
  if (status !== "completed") return `${what} ${id}: ${status}`;
  const hasResults = steps.some(({ name }) => name === "results" || name === "inference");
  return `${what} ${id}: completed${hasResults ? `\n  Results: ${self} results ${id} --to FOLDER` : resultOf(state)}`;
}

/** What a single step made, in figures and keys. */
function resultOf({ steps }: TaskState): string {
  const shown = Object.entries(steps[0]?.result ?? {}).filter(([, value]) => typeof value !== "object" || value === null);
  return shown.map(([name, value]) => `\n  ${name}: ${String(value)}`).join("");
}
