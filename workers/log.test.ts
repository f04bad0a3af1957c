import type { LogEntry, LogLevel } from "@temporalio/worker";
import { expect, it } from "vitest";
import { createLogSink } from "./log.ts";

function written(pretty: boolean, level: LogLevel, message: string, meta: Record<string, unknown>): string {
  let text = "";
  const entry = { level, message, meta, timestampNanos: 1_700_000_000_000_000_000n } as unknown as LogEntry;
  createLogSink(pretty, { write: (part) => (text += part) })(entry);
  return text;
}

it("writes one aligned line per event for people: time, level, task, what, figures", () => {
  expect(written(true, "INFO", "frames.extracted", { task_id: "mwtha51uq6o8", num_frames: 60, sdkComponent: "workflow" })).toBe("22:13:20 INFO  mwtha51uq6o8 frames.extracted             num_frames=60\n");
});

it("writes JSON with the same fields for programs, errors with their stack", () => {
  const line = JSON.parse(written(false, "WARN", "Activity failed", { task_id: "t", attempt: 2, error: new Error("no space left") })) as Record<string, string>;
  expect(line).toMatchObject({ at: "2023-11-14T22:13:20.000Z", level: "WARN", message: "Activity failed", task_id: "t", attempt: 2 });
  expect(line["error"]).toContain("no space left");
});

it("names the task also where the SDK names the workflow only", () => {
  expect(written(true, "INFO", "pre-labels written", { workflowId: "task-mwtha51uq6o8", workflowRunId: "01a2", attempt: 1 })).toBe("22:13:20 INFO  mwtha51uq6o8 pre-labels written           attempt=1\n");
});

it("cuts what would fill the screen", () => {
  expect(written(true, "INFO", "x", { task_id: "t", value: "y".repeat(5000) }).length).toBeLessThan(300);
});
