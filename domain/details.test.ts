import { describe, expect, it } from "vitest";
import { detailsOf, staticDetailsOf, summaryOf } from "./details.ts";
import type { StepState, TaskState } from "./state.ts";
import type { TaskSettings } from "./task.ts";

const settings: TaskSettings = {
  file_path: "https://lab.example/videos/a.mp4?key=secret", user_id: "ann", project: "mice", classes: ["mouse"], keypoints: ["nose", "tail"], skeleton: [], flip_idx: null, num_animals: 3,
  num_frames: 10, prelabel: "auto", labeling: { tool: "builtin", allow_partial: false, reviewer_not_labeler: false, remind_after: 86_400 },
  training: {}, inference: { confidence: 0.25, iou: 0.7, batch_size: 8, frame_skip: 0, max_frames: null }, outputs: ["json"], upload: [],
};
const step = (name: StepState["name"], more: Partial<StepState>): StepState => ({ name, status: "pending", started_at: null, ended_at: null, progress: null, reason: null, what_to_do: null, result: null, ...more });
const state = (steps: StepState[], more: Partial<TaskState> = {}): TaskState => ({ task_id: "x", status: "running", user_id: "ann", project: "mice", round: 1, created_at: "", ended_at: null, waiting_for: null, steps, settings, timeline: [], ...more });

describe("a task in Temporal's Web UI", () => {
  it("has a row for each step: when, how long, how far, and what came of it", () => {
    const rows = detailsOf(
      state([
        step("download", { status: "completed", started_at: "2026-01-02T03:04:05.678Z", ended_at: "2026-01-02T03:06:10.678Z", result: { numFrames: 100, notes: [], fps: 29.97003, sourceKey: "videos/x", metrics: { box_map50: 0.9 } } }),
        step("inference", { status: "running", started_at: "2026-01-02T03:06:11.000Z", progress: { done: 40, total: 100, unit: "frames" } }),
        step("upload", {}),
      ]),
    ).split("\n");
    expect(rows[0]).toBe("**running**");
    expect(rows.slice(4)).toEqual([
      "| download | completed | 01-02 03:04:05 | 2 min 5 s | num frames 100, fps 29.97, box map50 0.9 |",
      "| inference | running | 01-02 03:06:11 |  | 40 of 100 frames |",
      "| upload | pending |  |  |  |",
    ]);
  });

  it("says why a step is parked and what to do, in one cell", () => {
    const details = detailsOf(state([step("training", { status: "parked", reason: "no\nmemory | left", what_to_do: "a smaller batch" })], { status: "parked", waiting_for: "a retry of training" }));
    expect(details).toContain("**parked**: waits for a retry of training");
    expect(details).toContain("| no memory / left; a smaller batch |");
  });

  it("names the video without the key that its link carries, and the page", () => {
    expect(summaryOf(settings)).toBe("mice: a.mp4");
    const details = staticDetailsOf({ settings, round: 2 }, "https://actverse.lab/task/x");
    expect(details).toContain("`https://lab.example/videos/a.mp4`");
    expect(details).toContain("round 2");
    expect(details).toContain("mouse with 2 keypoints, 3 animals");
    expect(details).toContain("- page: https://actverse.lab/task/x");
    expect(details).not.toContain("secret");
    expect(staticDetailsOf({ settings, round: 1 }, null)).not.toContain("page");
  });
});
