import { describe, expect, it } from "vitest";
import { InputError } from "./errors.ts";
import { settingsChanged, settingsOf, trainingSettingsOf } from "./settings.ts";
import type { TaskBody, TrainingSettings } from "./task.ts";

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
      training: { task: "auto", base_model: "auto", scale: "auto", device: "auto", int8: false, seed: 0, augment: true },
      inference: { confidence: 0.25, iou: 0.7, batch_size: 8, frame_skip: 0, max_frames: null },
      outputs: ["json", "csv", "video", "notebook", "report", "dlc", "via", "parquet", "labels"], upload: [],
      annotate: { trails: true },
    });
    settings.classes.push("fly");
    expect(settingsOf(body).classes).toEqual(["animal"]);
  });

  it("keeps what was given, also inside groups", () => {
    const settings = settingsOf({ ...body, num_animals: 2, training: { epochs: 7 }, inference: { iou: 0.5 } });
    expect(settings).toMatchObject({ num_animals: 2, training: { epochs: 7, int8: false, seed: 0 }, inference: { iou: 0.5, confidence: 0.25 } });
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
    ["training.augment.flip", { keypoints: ["head", "thorax"], training: { augment: { flip: true } } }],
    ["training.scale", { training: { scale: "micro", base_model: "yolo11n" } }],
    ["training.scale", { training: { scale: "s", base_model: "yolo11n-pose.pt" } }],
    ["training.device", { training: { device: "0,1,0" } }],
    ["training.batch", { training: { device: "0,1", batch: 3 } }],
  ] satisfies [string, Partial<TaskBody>][])("names %s in %j", (field, part) => {
    const error = refusal(() => settingsOf({ ...body, ...part }));
    expect(error).toMatchObject({ field, status: 400 });
    expect(error.whatToDo).not.toBe("");
  });
});

describe("trainingSettingsOf", () => {
  it("fills the defaults, and takes what fits together", () => {
    expect(trainingSettingsOf({ epochs: 3 })).toEqual({ task: "auto", base_model: "auto", scale: "auto", device: "auto", int8: false, seed: 0, augment: true, epochs: 3 });
    for (const training of [{ scale: "n", base_model: "yolo11n.pt" }, { scale: "micro", base_model: "scratch" }, { scale: "m", base_model: "/models/flies.pt" }, { device: "0,1", batch: 8 }] satisfies TrainingSettings[]) expect(trainingSettingsOf(training)).toMatchObject(training);
  });
  it.each([
    ["training.scale", "leave training.scale out", { scale: "micro", base_model: "/models/flies.pt" }],
    ["training.device", "such as 0,1", { device: "1,1" }],
    ["training.batch", "such as 6", { device: "0,1,2", batch: 7 }],
  ] satisfies [string, string, TrainingSettings][])("is not processable: %s, %s", (field, hint, training) => {
    const error = refusal(() => trainingSettingsOf(training));
    expect(error).toMatchObject({ field, status: 422 });
    expect(error.whatToDo).toContain(hint);
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
