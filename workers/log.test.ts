import type { LogEntry, LogLevel } from "@temporalio/worker";
import { expect, it } from "vitest";
import { createLogSink } from "./log.ts";

function written(pretty: boolean, level: LogLevel, message: string, meta: Record<string, unknown>): string {
  let text = "";
  const entry = { level, message, meta, timestampNanos: 1_700_000_000_000_000_000n } as unknown as LogEntry;
  createLogSink(pretty, { write: (part) => (text += part) })(entry);
  return text;
}

it("writes one aligned line per event for people: time, level, task, step, what, how long, which attempt, figures, what comes next", () => {
  const task_id = "mwtha51uq6o8";
  const lines = [
    written(true, "INFO", "frames.extracted", { task_id, step: "frames", seconds: 4.21, num_frames: 60, sdkComponent: "workflow" }),
    written(true, "INFO", "step completed", { task_id, step: "frames", seconds: 4.3, next: "preinference" }),
    written(true, "WARN", "attempt failed", { workflowId: `task-${task_id}`, step: "training", seconds: 312, activity: "trainModel", activityType: "trainModel", attempt: 2, next: "attempt 3 of 12 in 4 s", error: new Error("no space\nleft") }),
    written(true, "WARN", "step.parked", { task_id, step: "training", seconds: 7300, reason: "the disk is full", next: "a person retries: make room" }),
    written(true, "INFO", "worker started", { queues: "video" }),
  ];
  expect(lines).toEqual([
    "22:13:20 INFO  mwtha51uq6o8 frames       frames.extracted               4.2 s            num_frames=60\n",
    "22:13:20 INFO  mwtha51uq6o8 frames       step completed                 4.3 s            -> preinference\n",
    "22:13:20 WARN  mwtha51uq6o8 training     attempt failed                 5 min attempt 2  activity=trainModel error=no space left -> attempt 3 of 12 in 4 s\n",
    "22:13:20 WARN  mwtha51uq6o8 training     step.parked                    2.0 h            reason=the disk is full -> a person retries: make room\n",
    "22:13:20 INFO                            worker started                                  queues=video\n",
  ]);
});

it("writes JSON with the same fields for programs, errors with their stack", () => {
  const line = JSON.parse(written(false, "WARN", "attempt failed", { task_id: "t", step: "training", seconds: 3.2, attempt: 2, next: "attempt 3", error: new Error("no space left") })) as Record<string, string>;
  expect(line).toMatchObject({ at: "2023-11-14T22:13:20.000Z", level: "WARN", message: "attempt failed", task_id: "t", step: "training", seconds: 3.2, attempt: 2, next: "attempt 3" });
  expect(line["error"]).toContain("no space left\n    at ");
});

it("names the task and its step also where the SDK names the workflow and the activity only, of a single step too", () => {
  expect(written(true, "INFO", "pre-labels written", { workflowId: "task-mwtha51uq6o8", workflowRunId: "01a2", activityType: "preInfer", attempt: 1 })).toBe("22:13:20 INFO  mwtha51uq6o8 preinference pre-labels written\n");
  expect(written(true, "INFO", "x", { workflowId: "step-training-mwtha51uq6o8" })).toContain("INFO  mwtha51uq6o8 ");
});

it("cuts what would fill the screen", () => {
  expect(written(true, "INFO", "x", { task_id: "t", value: "y".repeat(5000) }).length).toBeLessThan(320);
});
