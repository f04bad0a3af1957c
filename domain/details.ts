import { inWords } from "./duration.ts";
import { placeOf } from "./file-name.ts";
import type { StepState, TaskState } from "./state.ts";

const cell = (text: string): string => text.replaceAll("|", "/").replaceAll(/\s+/g, " ");

function took({ started_at, ended_at }: StepState): string {
  return started_at === null || ended_at === null ? "" : inWords((Date.parse(ended_at) - Date.parse(started_at)) / 1000);
}

/** bestEpoch as "best epoch", box_map50 as "box map50". */
const inPlain = (name: string): string => name.replaceAll(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`).replaceAll("_", " ");

/** What is known of a step in a few words: why it waits for a person, how far it is, or what came of it. */
function outcome({ reason, what_to_do, progress, status, result }: StepState): string {
  if (reason !== null) return `${reason}; ${what_to_do ?? ""}`;
  if (status === "running" && progress !== null) return `${progress.done} of ${progress.total} ${progress.unit}`;
  const metrics = result?.["metrics"];
  return Object.entries({ ...result, ...(typeof metrics === "object" ? metrics : {}) })
    .flatMap(([name, value]) => (typeof value === "number" || typeof value === "string") && !/key|sha|path/i.test(name) ? [`${inPlain(name)} ${typeof value === "number" ? Math.round(value * 1000) / 1000 : value}`] : [])
    .join(", ")
    .slice(0, 200);
}

/** A task as Temporal's Web UI shows it under "Current details": Markdown, a row for each step. Times in UTC. */
export function detailsOf(state: TaskState): string {
  const rows = state.steps.map((step) => `| ${step.name} | ${step.status} | ${(step.started_at ?? "").slice(5, 19).replace("T", " ")} | ${took(step)} | ${cell(outcome(step))} |`);
  const waiting = state.waiting_for === null ? "" : `: waits for ${state.waiting_for}`;
  return [`**${state.status}**${waiting}`, "", "| step | state | began (UTC) | took | what came of it |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

/** A task in one line, for lists: its project and its video. */
export const summaryOf = ({ project, file_path }: TaskState["settings"]): string => `${project}: ${placeOf(file_path).split("/").at(-1)}`;

/** What does not change in a task: the Web UI's "Details". */
export function staticDetailsOf({ settings, round }: Pick<TaskState, "settings" | "round">, pageUrl: string | null): string {
  const animals = settings.num_animals === null ? "" : `, ${settings.num_animals} animals`;
  const lines = [
    `- video: \`${placeOf(settings.file_path)}\``,
    `- of: ${settings.user_id}, project ${settings.project}, round ${round}`,
    `- looks for: ${settings.classes.join(", ")}${settings.keypoints.length === 0 ? "" : ` with ${settings.keypoints.length} keypoints`}${animals}`,
    `- frames to label: ${settings.num_frames}, in ${settings.labeling.tool}`,
  ];
  return [...lines, ...(pageUrl === null ? [] : [`- page: ${pageUrl}`])].join("\n");
}
