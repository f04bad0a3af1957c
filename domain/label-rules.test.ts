import { describe, expect, it } from "vitest";
import { InputError } from "./errors.ts";
import { checkApproval, checkObjects } from "./label-rules.ts";
import type { FrameLabels, LabeledObject } from "./labels.ts";

const context = { frame: 12, width: 640, height: 480, classes: ["fly"], keypoints: ["head", "tail"] };
const sound: LabeledObject = { id: "a", class: "fly", box: [0, 0, 640, 480], keypoints: [[640, 480, 2], [0, 0, 0]], source: "person", confirmed: true };

function errorOf(work: () => void): InputError {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("checkObjects", () => {
  it("takes boxes and keypoints that touch the borders", () => {
    expect(() => checkObjects(context, [sound, { ...sound, id: "b", box: [1, 1, 2, 2] }])).not.toThrow();
  });

  it.each<[string, Partial<LabeledObject>, string, RegExp]>([
    ["a box outside", { box: [-5, 0, 10, 10] }, "box", /outside of the frame \(640 x 480\)/],
    ["a box outside to the right", { box: [600, 0, 641, 10] }, "box", /outside/],
    ["a box of zero width", { box: [5, 5, 5, 10] }, "box", /without size/],
    ["a box upside down", { box: [5, 10, 9, 5] }, "box", /without size/],
    ["a box with NaN", { box: [Number.NaN, 0, 1, 1] }, "box", /not four numbers/],
    ["a box with infinity", { box: [0, 0, Infinity, 1] }, "box", /not four numbers/],
    ["a box of three numbers", { box: [0, 0, 1] }, "box", /not four numbers/],
    ["an unknown class", { class: "bee" }, "class", /unknown class "bee"/],
    ["too few keypoints", { keypoints: [[1, 1, 2]] }, "keypoints", /1 keypoints instead of 2/],
    ["a strange v", { keypoints: [[1, 1, 3], [0, 0, 0]] }, "keypoints[0]", /"head" with v 3/],
    ["a visible keypoint outside", { keypoints: [[1, 1, 2], [700, 1, 2]] }, "keypoints[1]", /"tail" outside/],
    ["an occluded keypoint outside", { keypoints: [[1, 1, 2], [1, -9, 1]] }, "keypoints[1]", /"tail" outside/],
    ["a keypoint of NaN", { keypoints: [[1, Number.NaN, 2], [0, 0, 0]] }, "keypoints[0]", /not three numbers/],
  ])("refuses %s and names frame, object and field", (_what, change, field, message) => {
    const error = errorOf(() => checkObjects(context, [{ ...sound, id: "ok" }, { ...sound, ...change }]));
    expect(error).toMatchObject({ field: `frames.12.objects.a.${field}`, status: 400 });
    expect(error.message).toMatch(message);
    expect(error.message).toContain("Frame 12");
    expect(error.whatToDo).not.toBe("");
  });

  it("refuses an id used twice, and keypoints where the task has none", () => {
    expect(errorOf(() => checkObjects(context, [sound, sound])).field).toBe("frames.12.objects.a.id");
    expect(errorOf(() => checkObjects({ ...context, keypoints: [] }, [sound])).whatToDo).toContain("empty list");
  });
});

describe("checkApproval", () => {
  const frame = (number: number, objects = [sound]): FrameLabels => ({ frame: number, time: number, image_key: "k", width: 640, height: 480, status: "reviewed", version: 1, updated_by: "ann", updated_at: "2026-01-01T00:00:00Z", objects });
  const rules = { allowPartial: false, reviewerNotLabeler: false };

  it("says how many frames are missing and which", () => {
    const approval = { frames: [frame(1)], leftOut: [2, 3, 4, 5, 6, 7], approvedBy: "bob" };
    const error = errorOf(() => checkApproval(approval, rules));
    expect(error).toMatchObject({ field: "frames", status: 422, message: "6 of 7 frames are not reviewed: 2, 3, 4, 5, 6 and more." });
    expect(() => checkApproval(approval, { ...rules, allowPartial: true })).not.toThrow();
  });

  it("refuses an approval without any label", () => {
    expect(errorOf(() => checkApproval({ frames: [], leftOut: [1], approvedBy: "bob" }, { ...rules, allowPartial: true })).message).toContain("no labels");
    expect(errorOf(() => checkApproval({ frames: [frame(1, [])], leftOut: [], approvedBy: "bob" }, rules))).toMatchObject({ field: "objects", status: 422 });
    expect(() => checkApproval({ frames: [frame(1, []), frame(2)], leftOut: [], approvedBy: "bob" }, rules)).not.toThrow();
  });

  it("keeps a labeler from approving only where that is asked for", () => {
    const approval = { frames: [frame(1)], leftOut: [], approvedBy: "ann" };
    expect(errorOf(() => checkApproval(approval, { ...rules, reviewerNotLabeler: true })).field).toBe("user_id");
    expect(() => checkApproval(approval, rules)).not.toThrow();
    expect(() => checkApproval({ ...approval, approvedBy: "bob" }, { ...rules, reviewerNotLabeler: true })).not.toThrow();
  });
});
