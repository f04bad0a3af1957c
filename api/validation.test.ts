import { describe, expect, it } from "vitest";
import { FrameEdit, FrameParams } from "./schemas.ts";
import { RetryBody, TaskBody } from "../domain/task.ts";
import { explainValidation, nearest, validatorCompiler } from "./validation.ts";
import type { ErrorObject } from "ajv";
import type { InputError } from "../domain/errors.ts";

type Compiled = ((data: unknown) => boolean) & { errors?: ErrorObject[] };
const compiled = (schema: object, httpPart = "body"): Compiled => validatorCompiler({ schema, httpPart, method: "POST", url: "/" }) as unknown as Compiled;
function refusal(schema: object, data: unknown, part = "body"): InputError {
  const validate = compiled(schema, part);
  expect(validate(data)).toBe(false);
  return explainValidation(validate.errors!, part);
}
const task = { file_path: "/a.mp4", user_id: "ada" };

describe("explainValidation", () => {
  it.each([
    [{ user_id: "ada" }, "file_path", "give file_path"],
    [{ ...task, num_frame: 3 }, "num_frame", "did you mean num_frames?"],
    [{ ...task, training: { epoch: 3 } }, "training.epoch", "did you mean training.epochs?"],
    [{ ...task, zzzzzzzzzz: 3 }, "zzzzzzzzzz", "known here: file_path"],
    [{ ...task, num_frames: "3" }, "num_frames", "must be integer"],
    [{ ...task, keypoints: ["a", 7] }, "keypoints[1]", "must be string"],
    [{ ...task, keypoints: ["a", "a"] }, "keypoints", "duplicate"],
    [{ ...task, training: { task: "segment" } }, "training.task", "auto, detect, pose"],
    [{ ...task, training: { epochs: 0 } }, "training.epochs", ">= 1"],
    [{ ...task, training: { epochs: 1.5 } }, "training.epochs", "must be integer"],
    [{ ...task, training: { patience: 6000 } }, "training.patience", "<= 5000"],
    [{ ...task, training: { imgsz: 100 } }, "training.imgsz", "multiple of 32"],
    [{ ...task, training: { imgsz: 32 } }, "training.imgsz", ">= 64"],
    [{ ...task, training: { batch: 0 } }, "training.batch", ">= 1"],
    [{ ...task, training: { scale: "xl" } }, "training.scale", "auto, micro, n, s, m"],
    [{ ...task, training: { device: "gpu" } }, "training.device", "auto, cpu, mps, cuda, or GPU numbers such as 0,1"],
    [{ ...task, training: { base_model: "../yolo11n.pt" } }, "training.base_model", "absolute path of a .pt file"],
    [{ ...task, training: { base_model: "/models/yolo11n.onnx" } }, "training.base_model", "absolute path of a .pt file"],
    [{ ...task, training: { seed: -1 } }, "training.seed", ">= 0"],
    [{ ...task, training: { time_limit: 1 } }, "training.time_limit", ">= 30"],
    [{ ...task, training: { augment: { flips: true } } }, "training.augment.flips", "did you mean training.augment.flip?"],
    [{ ...task, training: { augment: { color: "no" } } }, "training.augment.color", "must be boolean"],
    [{ ...task, training: { augment: "all" } }, "training.augment", "must be boolean, or must be object"],
    [{ ...task, outputs: ["pdf"] }, "outputs[0]", "json, csv, video, notebook"],
    [{ ...task, inference: { max_frames: 0 } }, "inference.max_frames", ">= 1, or must be null"],
    [[], "body", "must be object"],
    [null, "body", "must be object"],
  ])("%j: %s", (body, field, hint) => {
    const error = refusal(TaskBody, body);
    expect(error).toMatchObject({ field, status: 400 });
    expect(error.whatToDo).toContain(hint);
  });

  it("names the object of a frame", () => {
    const object = { id: "a", class: "fly", box: [1, 2, 3], keypoints: [], source: "person", confirmed: true };
    expect(refusal(FrameEdit, { version: 0, reviewed: true, objects: [object] }).field).toBe("objects[0].box");
  });

  it("takes a word of an address that cannot be as unknown", () => {
    expect(refusal(FrameParams, { task_id: "../../etc", frame: "1" }, "params")).toMatchObject({ field: "task_id", status: 404 });
  });
});

describe("validatorCompiler", () => {
  it("turns words of addresses into numbers, and fills no defaults into a patch", () => {
    const params = { task_id: "0123456789ab", frame: "7" };
    expect(compiled(FrameParams, "params")(params)).toBe(true);
    expect(params.frame).toBe(7);
    const patch = { step: "training", settings: { training: { epochs: 3 } } };
    expect(compiled(RetryBody)(patch)).toBe(true);
    expect(patch).toEqual({ step: "training", settings: { training: { epochs: 3 } } });
  });
  it("lets a retry change no more than it may", () => {
    expect(refusal(RetryBody, { step: "training", settings: { user_id: "eve" } }).field).toBe("settings.user_id");
    expect(refusal(RetryBody, { step: "lunch" }).whatToDo).toContain("download, frames");
  });
});

describe("nearest", () => {
  it.each([["epoch", "epochs"], ["confidance", "confidence"], ["x", null], ["", null]])("%s -> %s", (name, expected) => {
    expect(nearest(name, ["epochs", "confidence", "iou_of"])).toBe(expected);
  });
});
