import type { Command } from "commander";
import type { Static } from "typebox";
import type { TaskRow } from "../../api/schemas.ts";
import type { TaskEvent } from "../../domain/events.ts";
import type { TaskState } from "../../domain/state.ts";
import { STEPS } from "../../domain/task.ts";
import type { Context } from "../context.ts";
import type { Does } from "../program.ts";
import { stepLine } from "../progress.ts";
import { moment, table } from "../table.ts";
import { waitFor } from "../wait.ts";
import { choice, count } from "./options.ts";

/** What there is, how it goes, and what happened. */
export function addTaskCommands(program: Command, does: Does): void {
  does(program.command("status <task>").description("every step of a task or of a single step"), async ({ api, answer }, task: string) => {
    answer(await api.get<TaskState>(`/status/${encodeURIComponent(task)}`), statusInWords);
  });

  does(program.command("watch <task>").description("shows a task as it happens until it ends, over restarts of the API; ends with its outcome"), (context, task: string) => waitFor(context, encodeURIComponent(task)));

  const tasks = program
    .command("tasks")
    .description("the newest tasks")
    .option("--limit <n>", "so many at most", count, 50)
    .option("--owner <user>", "of this user (admins; others see their own)")
    .option("--project <name>", "of this project")
    .addOption(choice("--step <step>", "that are at this step, or were at last", STEPS))
    .addOption(choice("--state <state>", "in this state", ["running", "waiting", "parked", "completed", "failed", "cancelled"]))
    .addOption(choice("--kind <kind>", "tasks, single steps that run on their own, or both", ["task", "run", "all"]))
    .option("--cursor <cursor>", "what comes after the list that named this one");
  does(tasks, async (context, { limit, ...filters }: { limit: number } & Filters) => context.answer(await listed(context, limit, filters), pageInWords));

  does(program.command("timeline <task>").description("what happened to a task, event by event").option("--round <n>", "in an earlier round", count), async ({ api, answer }, task: string, { round }: { round?: number }) => {
    const of = round === undefined ? "" : `?round=${round}`;
    answer(await api.get<{ timeline: TaskEvent[] }>(`/tasks/${encodeURIComponent(task)}/timeline${of}`), ({ timeline }) => timeline.map(eventLine).join("\n"));
  });

  const requests = program.command("requests <task>").description("who asked what of a task, how long it took and how it ended, the newest first").option("--limit <n>", "so many at most", count, 50).option("--cursor <cursor>", "what comes after the list that named this one");
  does(requests, async ({ api, answer }, task: string, options: Filters) => {
    answer(await api.get<RequestPage>(`/tasks/${encodeURIComponent(task)}/requests?${new URLSearchParams(options).toString()}`), requestsInWords);
  });
}

type Filters = Record<string, string>;
interface Page {
  tasks: Static<typeof TaskRow>[];
  next: string | null;
}
interface RequestPage {
  requests: { at: string; user: string | null; method: string; path: string; status: number; ms: number; error?: string; times?: number }[];
  next: string | null;
}

/** As many as are wanted: with filters a page may be short, and still have a next one. */
async function listed({ api }: Context, limit: number, filters: Filters): Promise<Page> {
  const all: Page = { tasks: [], next: filters["cursor"] ?? null };
  do {
    const { tasks, next } = await api.get<Page>(`/tasks/?${new URLSearchParams({ ...filters, limit: String(Math.min(limit - all.tasks.length, 500)), ...(all.next === null ? {} : { cursor: all.next }) }).toString()}`);
    all.tasks.push(...tasks);
    all.next = next;
  } while (all.tasks.length < limit && all.next !== null);
  return all;
}

const more = (next: string | null): string => (next === null ? "" : `\nmore: --cursor ${next}`);

function pageInWords({ tasks, next }: Page): string {
  if (tasks.length === 0) return "there are no such tasks";
  const rows = tasks.map((row) => [row.task_id, row.status, row.step, row.project, row.user_id, moment(row.created_at), row.waiting_for]);
  return `${table(["TASK", "STATUS", "STEP", "PROJECT", "USER", "CREATED", "WAITS FOR"], rows)}${more(next)}`;
}

function requestsInWords({ requests, next }: RequestPage): string {
  if (requests.length === 0) return "nothing was asked of it";
  const rows = requests.map(({ at, user, method, path, status, ms, error, times = 1 }) => [moment(at), user ?? "(a labeling tool)", status, `${ms} ms`, times === 1 ? "" : `${times} times`, `${method} ${path}${error === undefined ? "" : `: ${error}`}`]);
  return `${table(["WHEN", "WHO", "STATUS", "TOOK", "", "WHAT"], rows)}${more(next)}`;
}

function statusInWords(state: TaskState): string {
  const { task_id: id, status, project, user_id: user, round, settings, waiting_for: waitingFor, steps } = state;
  const stuck = steps.filter(({ reason }) => reason !== null);
  return [
    `${state.run === undefined ? "Task" : `Single step (${state.run.kind})`} ${id}: ${status}`,
    `  ${settings.file_path}`,
    `  ${project}, of ${user}, round ${round}, made ${moment(state.created_at)}${state.ended_at === null ? "" : `, ended ${moment(state.ended_at)}`}${state.deleted_at === undefined ? "" : `, deleted ${moment(state.deleted_at)}`}`,
    ...(waitingFor === null ? [] : [`  waits for ${waitingFor}`]),
    ...steps.map(stepLine),
    ...stuck.flatMap(({ name, reason, what_to_do: whatToDo }) => [`  ${name}: ${reason}`, ...(whatToDo === null ? [] : [`  What to do: ${whatToDo}`])]),
  ].join("\n");
}

const eventLine = ({ at, event, data }: TaskEvent): string => {
  const { task_id: _task, ...rest } = data;
  return `${moment(at)}  ${event.padEnd(28)} ${Object.entries(rest).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ")}`.trimEnd();
};
