import { describe, expect, it } from "vitest";
import type { Progress, TaskState } from "../domain/state.ts";
import { settingsOf } from "../domain/settings.ts";
import type { StepName } from "../domain/task.ts";
import type { Description } from "./temporal.ts";
import { stateFromDescription, withEnd, withProgress } from "./views.ts";

const description: Description = { taskId: "0123456789ab", kind: null, open: true, status: "running", owner: "ada", project: "p", step: "inference", round: 1, createdAt: "2026-01-01T00:00:00.000Z", endedAt: null, history: "r/9", activities: [] };
const settings = settingsOf({ file_path: "/a.mp4", user_id: "ada" });
const input = { taskId: description.taskId, settings, createdAt: description.createdAt };
const state = (progress: Progress | null = null): TaskState => {
  const told = stateFromDescription(description, input);
  return { ...told, steps: told.steps.map((step) => (step.name === "inference" ? { ...step, progress } : step)) };
};
const stepOf = (of: TaskState, name: StepName) => of.steps.find((step) => step.name === name)!;
const beat = (done: number, total: number, unit = "frames") => ({ step: "inference" as const, progress: { done, total, unit } });

describe("withProgress", () => {
  const frames = (done: number) => ({ done, total: 100, unit: "frames" });
  it("adds what runs to what is done", () => {
    const merged = withProgress(state(frames(50)), [beat(5, 25), beat(10, 25), { step: "inference", progress: null }]);
    expect(stepOf(merged, "inference").progress).toEqual({ done: 65, total: 100, unit: "frames" });
  });
  it("never says more than all", () => {
    expect(stepOf(withProgress(state(frames(90)), [beat(25, 25)]), "inference").progress?.done).toBe(100);
  });
  it("shows what comes after the parts: the joining", () => {
    expect(stepOf(withProgress(state(frames(100)), [beat(3, 9, "rows")]), "inference").progress).toEqual({ done: 3, total: 9, unit: "rows" });
  });
  it("shows the one that is furthest behind where parts are not counted", () => {
    expect(stepOf(withProgress(state(), [beat(8, 10, "a"), beat(1, 10, "b")]), "inference").progress?.unit).toBe("b");
  });
  it("leaves steps alone that do not run", () => {
    expect(stepOf(withProgress(state(), [{ ...beat(1, 2), step: "upload" }]), "upload").progress).toBeNull();
  });
});

describe("stateFromDescription", () => {
  it("takes the steps before the one it is at as done", () => {
    const told = stateFromDescription({ ...description, status: "parked", step: "frames" }, input);
    expect(told.steps.map((s) => s.status).slice(0, 3)).toEqual(["completed", "parked", "pending"]);
    expect(told.waiting_for).toBe("a retry of frames");
  });
  it("has nothing done before the workflow's first turn, and all of it at its end", () => {
    expect(new Set(stateFromDescription({ ...description, step: null }, input).steps.map((s) => s.status))).toEqual(new Set(["pending"]));
    expect(new Set(stateFromDescription({ ...description, open: false, status: "completed" }, input).steps.map((s) => s.status))).toEqual(new Set(["completed"]));
  });
});

describe("withEnd", () => {
  it("believes Temporal where the workflow could not see its own end", () => {
    const ended = withEnd(state(), { ...description, open: false, status: "failed", endedAt: "2026-01-02T00:00:00.000Z" });
    expect(ended).toMatchObject({ status: "failed", ended_at: "2026-01-02T00:00:00.000Z", waiting_for: null });
    expect(withEnd(state(), description)).toEqual(state());
  });
});
