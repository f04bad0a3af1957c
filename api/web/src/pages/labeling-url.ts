import type { TaskState } from "../../../../domain/state.ts";

/** Where people label a task: our page, or the labeling tool's own, as the task said when it asked for labels. */
export function labelingUrl({ task_id, settings, timeline }: Pick<TaskState, "task_id" | "settings" | "timeline">): string {
  const asked = timeline.findLast(({ event }) => event === "labeling.requested")?.data as { url?: string } | undefined;
  const isOurs = (settings.labeling?.tool ?? "builtin") === "builtin";
  const isAddress = asked?.url !== undefined && /^https?:\/\//.test(asked.url);
  return !isOurs && isAddress ? asked.url! : `/label/${task_id}`;
}
