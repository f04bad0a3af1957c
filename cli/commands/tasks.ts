import type { Command } from "commander";
import type { Static } from "typebox";
import type { TaskRow } from "../../api/schemas.ts";
import type { TaskEvent } from "../../domain/events.ts";
import { STEPS } from "../../domain/task.ts";
import type { TaskState } from "../../domain/state.ts";
import type { Does } from "../program.ts";
import { stepLine } from "../progress.ts";
import { moment, table } from "../table.ts";
import { waitFor } from "../wait.ts";
import { choice, count } from "./options.ts";

/** What there is, and how it goes. */
export function addTaskCommands(program: Command, does: Does): void {
  does(program.command("status <task>").description("every step of a task or of a single step").option("--timeline", "and what happened, event by event"), async ({ api, answer }, task: string, { timeline = false }: { timeline?: boolean }) => {
    answer(await api.get<TaskState>(`/status/${encodeURIComponent(task)}`), (state) => statusInWords(state, timeline));
  });

  does(program.command("watch <task>").description("shows a task as it happens until it ends, over restarts of the API; ends with its outcome"), (context, task: string) => waitFor(context, encodeURIComponent(task)));

  const tasks = program
    .command("tasks")
    .description("the newest tasks")
    .option("--limit <n>", "so many at most", count, 50)
    .option("--owner <user>", "of this user (admins; others see their own)")
    .option("--project <name>", "of this project")
    .addOption(choice("--step <step>", "that have reached this step", STEPS))
    .addOption(choice("--state <state>", "in this state", ["running", "waiting", "parked", "completed", "failed", "cancelled"]))
    .addOption(choice("--kind <kind>", "tasks, single steps that run on their own, or both", ["task", "run", "all"]))
    .option("--cursor <cursor>", "the page that begins here, as the page before said");
  does(tasks, async ({ api, answer }, options: Record<string, string>) => {
    answer(await api.get<Page>(`/tasks/?${new URLSearchParams(options).toString()}`), pageInWords);
  });
}

interface Page {
  tasks: Static<typeof TaskRow>[];
  next?: string | null;
}

function pageInWords({ tasks, next }: Page): string {
  if (tasks.length === 0) return "there are no such tasks";
  const rows = tasks.map((row) => [row.task_id, row.status, row.step, row.project, row.user_id, moment(row.created_at), row.waiting_for]);
  const more = next === null || next === undefined ? "" : `\nmore: --cursor ${next}`;
  return `${table(["TASK", "STATUS", "STEP", "PROJECT", "USER", "CREATED", "WAITS FOR"], rows)}${more}`;
}

export function statusInWords(state: TaskState, withTimeline = false): string {
  const { task_id: id, status, project, user_id: user, round, settings, waiting_for: waitingFor, steps, timeline } = state;
  const stuck = steps.filter(({ reason }) => reason !== null);
  return [
    `${state.run === undefined ? "Task" : `Single step (${state.run.kind})`} ${id}: ${status}`,
    `  ${settings.file_path}`,
    `  ${project}, of ${user}, round ${round}, made ${moment(state.created_at)}${state.ended_at === null ? "" : `, ended ${moment(state.ended_at)}`}`,
    ...(waitingFor === null ? [] : [`  waits for ${waitingFor}`]),
    ...steps.map(stepLine),
    ...stuck.flatMap(({ name, reason, what_to_do: whatToDo }) => [`  ${name}: ${reason}`, ...(whatToDo === null ? [] : [`  What to do: ${whatToDo}`])]),
    ...(withTimeline ? timeline.map(eventLine) : []),
  ].join("\n");
}

const eventLine = ({ at, event, data }: TaskEvent): string => {
  const { task_id: _task, ...rest } = data;
  return `  ${moment(at)}  ${event.padEnd(28)} ${Object.entries(rest).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ")}`.trimEnd();
};
