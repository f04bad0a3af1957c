const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
const TIME_DIGITS = 8;
const LENGTH = 12;

/** A task_id or run_id: exactly 12 lower-case letters and digits. */
export const ID_PATTERN = "^[0-9a-z]{12}$";

/**
 * 12 lower-case letters and digits: 8 digits of the time in milliseconds in base 36 (good until the year 2059),
 * then 4 random ones. Sorting the ids as text sorts them by creation time.
 *
 * @param now milliseconds since 1970
 * @param random 4 values in [0, 1)
 */
export function makeId(now: number = Date.now(), random: () => number = Math.random): string {
  const time = Math.floor(now).toString(36).padStart(TIME_DIGITS, "0");
  const tail = Array.from({ length: LENGTH - TIME_DIGITS }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]);
  return time + tail.join("");
}

/** The workflow id of a task's pipeline. */
export const workflowIdOf = (taskId: string): string => `task-${taskId}`;

/** The workflow id of a single step that runs on its own. */
export const runWorkflowIdOf = (kind: string, runId: string): string => `step-${kind}-${runId}`;

/** The task_id in a pipeline's workflow id, the run_id in that of a single step. */
export const taskIdOf = (workflowId: string): string => workflowId.replace(/^(task|step-[a-z]+)-/, "");

/** The digits mirrored: sorting these as text puts the newest id first. Mirrored twice it is the id again. */
export const mirrored = (id: string): string => Array.from(id, (digit) => ALPHABET[ALPHABET.length - 1 - ALPHABET.indexOf(digit)]).join("");

/** When the id was made, milliseconds since 1970. */
export const timeOfId = (id: string): number => Number.parseInt(id.slice(0, TIME_DIGITS), 36);
