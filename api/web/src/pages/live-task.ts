import type { LiveProgress } from "../../../live.ts";
import type { StatusAnswer } from "../api.ts";

/**
 * The task with the progress that was told of it; null where more than progress has changed (a step began or ended, another round), so that it has to
 * be asked for anew.
 */
export function withProgressOf(task: StatusAnswer, told: LiveProgress): StatusAnswer | null {
  if (task.status !== told.status || task.waiting_for !== told.waiting_for || task.round !== told.round || task.answered_by !== told.answered_by) return null;
  const busy = task.steps.filter(({ status }) => status === "running" || status === "waiting" || status === "parked");
  if (busy.length !== told.steps.length || busy.some(({ name, status }) => !told.steps.some((step) => step.name === name && step.status === status))) return null;
  return { ...task, steps: task.steps.map((step) => ({ ...step, progress: told.steps.find(({ name }) => name === step.name)?.progress ?? step.progress })) };
}
