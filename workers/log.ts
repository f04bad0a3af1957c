import { DefaultLogger, type LogEntry, type Logger, type LogLevel } from "@temporalio/worker";
import { taskIdOf } from "../domain/ids.ts";
import type { Config } from "./config.ts";

const QUIET = new Set(["sdkComponent", "taskQueue", "namespace", "runId", "workflowRunId", "workflowType", "taskToken", "activityId", "isLocal"]);

/** What the SDK says of each of nine workers when it starts: of interest only when looking for a fault in it. */
const CHATTER = /^(Worker state changed|Workflow bundle created|No (workflows|activities) registered|No Nexus services registered|asset workflow-bundle)/;

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

/**
 * The log as an operator reads it. Pretty, as on a terminal: one line per event (time, level, task, what, figures), aligned.
 * Else: one JSON object per line with the same fields.
 */
export function createLogSink(pretty: boolean, out: { write(text: string): unknown } = process.stderr): (entry: LogEntry) => void {
  return ({ level, message, timestampNanos, meta = {} }) => {
    const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
    const { error, workflowId, ...given } = meta as Record<string, unknown>;
    // What activities and the SDK say names the workflow; people look for the task.
    const fields = { ...(typeof workflowId === "string" && workflowId.startsWith("task-") ? { task_id: taskIdOf(workflowId) } : {}), ...given } as Record<string, unknown>;
    const shown = Object.entries(fields).filter(([key]) => !QUIET.has(key));
    const cause = error instanceof Error ? (error.stack ?? error.message) : error;
    if (!pretty) {
      out.write(`${JSON.stringify({ at, level, message, ...Object.fromEntries(shown), ...(cause === undefined ? {} : { error: cause }) })}\n`);
      return;
    }
    const task = typeof fields["task_id"] === "string" ? fields["task_id"] : "";
    const figures = shown.filter(([key]) => key !== "task_id").map(([key, value]) => `${key}=${short(value)}`).join(" ");
    out.write(`${at.slice(11, 19)} ${level.padEnd(5)} ${task.padEnd(12)} ${message.padEnd(28)} ${figures}${cause === undefined ? "" : `\n${short(cause)}`}\n`);
  };
}
