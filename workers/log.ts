import { DefaultLogger, type LogEntry, type Logger, type LogLevel } from "@temporalio/worker";
import { ACTIVITIES, type ActivityName } from "../domain/activities.ts";
import { taskIdOf } from "../domain/ids.ts";
import type { Config } from "./config.ts";

const QUIET = new Set(["sdkComponent", "taskQueue", "namespace", "runId", "workflowRunId", "workflowType", "taskToken", "activityId", "activityType", "isLocal"]);

/** What the SDK says of each of nine workers when it starts, and of failed attempts, for which there is a line that says more (step-log.ts): of interest only when looking for a fault in it. */
const CHATTER = /^(Worker state changed|Activity failed|Workflow bundle created|No (workflows|activities) registered|No Nexus services registered|asset workflow-bundle)/;

export function createLogger(config: Pick<Config, "logLevel" | "prettyLog">): Logger {
  const sink = createLogSink(config.prettyLog);
  const level = config.logLevel.toUpperCase() as LogLevel;
  return new DefaultLogger(level, (entry) => {
    if (level === "DEBUG" || entry.level === "ERROR" || !CHATTER.test(entry.message)) sink(entry);
  });
}

/** A value on one line, short enough to read. */
function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

/** Columns of their own, where a line has them. */
const COLUMNS = new Set(["task_id", "step", "seconds", "attempt", "next"]);

/** A step's time as it is read at a glance. */
function duration(seconds: unknown): string {
  if (typeof seconds !== "number") return "";
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** One line: time, level, task, step, what, how long, which attempt; then figures, what went wrong, and what comes next. */
function lineOf(at: string, { level, message }: Pick<LogEntry, "level" | "message">, fields: Record<string, unknown>, error: unknown): string {
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  const attempt = typeof fields["attempt"] === "number" && fields["attempt"] > 1 ? `attempt ${fields["attempt"]}` : "";
  const figures = Object.entries(fields).flatMap(([key, value]) => (COLUMNS.has(key) ? [] : [`${key}=${short(value)}`]));
  const why = error === undefined ? [] : [`error=${short(error instanceof Error ? error.message : error)}`];
  const next = text("next") === "" ? [] : [`-> ${text("next")}`];
  const columns = [at.slice(11, 19), level.padEnd(5), text("task_id").padEnd(12), text("step").padEnd(12), message.padEnd(28), duration(fields["seconds"]).padStart(7), attempt.padEnd(10)];
  return [...columns, ...figures, ...why, ...next].join(" ").trimEnd().replaceAll("\n", " ");
}

/** What an activity says is about its step. */
const stepOf = (activity: unknown): { step?: string } => (typeof activity === "string" && Object.hasOwn(ACTIVITIES, activity) ? { step: ACTIVITIES[activity as ActivityName].step } : {});

/**
 * The log as an operator reads it. Pretty, as on a terminal: one line per event, aligned.
 * Else: one JSON object per line with the same fields, and the stack of errors.
 */
export function createLogSink(pretty: boolean, out: { write(text: string): unknown } = process.stderr): (entry: LogEntry) => void {
  return ({ level, message, timestampNanos, meta = {} }) => {
    const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
    const { error, workflowId, ...given } = meta as Record<string, unknown>;
    // What activities and the SDK say names the workflow; people look for the task.
    const named = typeof workflowId === "string" && /^(task|step)-/.test(workflowId) ? { task_id: taskIdOf(workflowId) } : {};
    const fields = Object.fromEntries(Object.entries({ ...named, ...stepOf(given["activityType"]), ...given }).filter(([key]) => !QUIET.has(key)));
    if (pretty) {
      out.write(`${lineOf(at, { level, message }, fields, error)}\n`);
      return;
    }
    const cause = error instanceof Error ? (error.stack ?? error.message) : error;
    out.write(`${JSON.stringify({ at, level, message, ...fields, ...(cause === undefined ? {} : { error: cause }) })}\n`);
  };
}
