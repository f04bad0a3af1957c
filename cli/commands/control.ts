import type { Command } from "commander";
import { createInterface } from "node:readline/promises";
import { resolve } from "node:path";
import { InputError } from "../../domain/errors.ts";
import type { TaskState } from "../../domain/state.ts";
import { STEPS } from "../../domain/task.ts";
import { selfOf, type Context } from "../context.ts";
import type { Does } from "../program.ts";
import { placeOf, settingsOf } from "../settings.ts";
import { waitFor } from "../wait.ts";
import { again, choice } from "./options.ts";

interface RetryOptions {
  step?: string;
  settings?: string;
  set?: string[];
  watch?: boolean;
}

/** What changes a task that is under way, or is no longer needed. */
export function addControlCommands(program: Command, does: Does): void {
  const retry = program
    .command("retry <task>")
    .description("a parked task goes on, with corrected settings if need be")
    .addOption(choice("--step <step>", "from this step; default: where it is parked", STEPS))
    .option("--set <name=value>", "a corrected setting, as training.epochs=40; again for each", again)
    .option("--settings <file>", "corrected settings in a file, JSON or YAML")
    .option("--watch", "and watches it");
  does(retry, async (context, task: string, options: RetryOptions) => {
    const { api, io } = context;
    const id = encodeURIComponent(task);
    const settings = settingsOf(options);
    if (typeof settings["file_path"] === "string") settings["file_path"] = placeOf(settings["file_path"], resolve);
    const step = options.step ?? (await parkedStep(context, id));
    await api.send("POST", `/tasks/${id}/retry`, { step, ...(Object.keys(settings).length === 0 ? {} : { settings }) });
    if (options.watch === true) return await waitFor(context, id);
    context.answer({ task_id: task, step }, () => `${step} of ${task} is tried again; to see how it goes: ${selfOf(io.env)} watch ${task}`);
    return undefined;
  });

  does(program.command("cancel <task>").description("ends a task or a single step; what it has made stays"), async ({ api, answer }, task: string) => {
    await api.send("POST", `/tasks/${encodeURIComponent(task)}/cancel`);
    answer({ task_id: task }, () => `${task} is being cancelled; what it has made stays`);
  });

  does(program.command("delete <task>").description("deletes all that a task has made, for good").option("--yes", "does not ask"), async (context, task: string, { yes = false }: { yes?: boolean }) => {
    if (!yes) await confirm(context, task);
    const deleted = await context.api.send<{ task_id: string }>("DELETE", `/tasks/${encodeURIComponent(task)}`);
    context.answer(deleted, () => `${task} is deleted`);
  });
}

async function parkedStep({ api }: Context, id: string): Promise<string> {
  const state = await api.get<TaskState>(`/status/${id}`);
  const parked = state.steps.find(({ status }) => status === "parked");
  // The API says it better than we could: not parked, or ended.
  return parked?.name ?? state.steps[0]!.name;
}

/** Throws InputError unless the person at the terminal says yes. */
async function confirm({ io, json }: Context, task: string): Promise<void> {
  if (!io.terminal || json) throw new InputError({ field: "--yes", message: `deleting ${task} cannot be undone`, whatToDo: "add --yes if it is meant" });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const said = await terminal.question(`Delete all videos, labels, models and results of ${task} for good? (yes/no) `, { signal: io.signal }).finally(() => terminal.close());
  if (!/^y(es)?$/i.test(said.trim())) throw new InputError({ field: "task", message: "nothing was deleted", whatToDo: "answer yes if it is meant" });
}
