import { expect, it } from "vitest";
import { withProgressOf, type LiveProgress, type StatusAnswer } from "./live-progress.ts";

const step = (name: string, status: string, done: number | null) => ({ name, status, started_at: null, ended_at: null, progress: done === null ? null : { done, total: 9, unit: "epochs" }, reason: null, what_to_do: null, result: null });
const task = { status: "running", waiting_for: null, round: 1, answered_by: "workflow", steps: [step("frames", "completed", 5), step("training", "running", 2), step("inference", "pending", null)] } as unknown as StatusAnswer;
const told = (more: Partial<LiveProgress>): LiveProgress => ({ task_id: "x", status: "running", waiting_for: null, round: 1, answered_by: "workflow", steps: [{ name: "training", status: "running", progress: { done: 3, total: 9, unit: "epochs" } }], ...more });

it("takes over progress, and asks anew where anything else changed", () => {
  expect(withProgressOf(task, told({}))!.steps.map((s) => s.progress?.done ?? null)).toEqual([5, 3, null]);
  expect(withProgressOf(task, told({ steps: [{ name: "training", status: "running", progress: null }] }))!.steps[1]!.progress!.done).toBe(2);
  expect(withProgressOf(task, told({ steps: [] }))).toBeNull();
  expect(withProgressOf(task, told({ steps: [{ name: "training", status: "parked", progress: null }] }))).toBeNull();
  expect(withProgressOf(task, told({ round: 2 }))).toBeNull();
  expect(withProgressOf(task, told({ status: "waiting" }))).toBeNull();
  expect(withProgressOf(task, told({ answered_by: "temporal" }))).toBeNull();
});
