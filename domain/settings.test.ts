import { describe, expect, it } from "vitest";
import { InputError } from "./errors.ts";
import { settingsChanged, settingsOf } from "./settings.ts";
import type { TaskBody } from "./task.ts";

const body: TaskBody = { file_path: "/videos/a.mp4", user_id: "ada" };
const refusal = (work: () => unknown): InputError => {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("was not refused");
};

describe("settingsOf", () => {
  it("fills every default and makes fresh copies of them", () => {
    const settings = settingsOf(body);
    expect(settings).toEqual({
      file_path: "/videos/a.mp4", user_id: "ada", project: "default", classes: ["animal"], keypoints: [], skeleton: [], flip_idx: null, num_animals: null, num_frames: 60, prelabel: "auto",
      labeling: { tool: "builtin", allow_partial: false, reviewer_not_labeler: false, people: [], remind_after: 86_400 },
      training: { task: "auto", base_model: "auto", scale: "auto", device: "auto", seed: 0, augment: true },
      inference: { confidence: 0.25, iou: 0.7, batch_size: 8, frame_skip: 0, max_frames: null },
      outputs: ["json", "csv", "video", "notebook"], upload: [],
      annotate: { trails: true },
    });
    settings.classes.push("fly");
    expect(settingsOf(body).classes).toEqual(["animal"]);
  });

  it("keeps what was given, also inside groups", () => {
    const settings = settingsOf({ ...body, num_animals: 2, training: { epochs: 7 }, inference: { iou: 0.5 } });
    expect(settings).toMatchObject({ num_animals: 2, training: { epochs: 7, seed: 0 }, inference: { iou: 0.5, confidence: 0.25 } });
  });

  it.each([
    ["skeleton[1]", { keypoints: ["a", "b"], skeleton: [[0, 1], [1, 2]] }],
    ["skeleton[0]", { keypoints: ["a", "b"], skeleton: [[1, 1]] }],
    ["skeleton[0]", { skeleton: [[0, 1]] }],
    ["flip_idx", { keypoints: ["a", "b"], flip_idx: [0] }],
    ["flip_idx", { flip_idx: [0] }],
    ["flip_idx[1]", { keypoints: ["a", "b"], flip_idx: [0, 2] }],
    ["flip_idx[0]", { keypoints: ["a", "b", "c"], flip_idx: [1, 2, 0] }],
    ["training.task", { training: { task: "pose" } }],
  ] satisfies [string, Partial<TaskBody>][])("names %s in %j", (field, part) => {
    const error = refusal(() => settingsOf({ ...body, ...part }));
    expect(error).toMatchObject({ field, status: 400 });
    expect(error.whatToDo).not.toBe("");
  });
});

describe("flip_idx", () => {
  it("is derived from names that pair and shown in the settings; a given one wins", () => {
    expect(settingsOf({ ...body, keypoints: ["left eye", "right eye"] }).flip_idx).toEqual([1, 0]);
    expect(settingsOf({ ...body, keypoints: ["left eye", "right eye"], flip_idx: [0, 1] }).flip_idx).toEqual([0, 1]);
  });
});

describe("settingsChanged", () => {
  const current = settingsOf({ ...body, training: { epochs: 7, seed: 3 } });
  it("merges a part of a group into what holds now", () => {
    expect(settingsChanged(current, { num_frames: 10, training: { epochs: 9 } })).toEqual({ num_frames: 10, training: { ...current.training, epochs: 9 } });
    expect(settingsChanged(current, undefined)).toEqual({});
  });
  it("refuses what does not fit the rest", () => {
    expect(refusal(() => settingsChanged(current, { training: { task: "pose" } })).field).toBe("training.task");
  });
});
