import { describe, expect, it } from "vitest";
import type { FrameLabels, LabelingTask } from "../../../domain/labels.ts";
import { checkApproved } from "./approval.ts";
import { latest, statusOf, toFrameLabels, toFrameLabelsIfApproved, toolFrame, verdictOf } from "./frames.ts";
import { titleOf } from "./task.ts";
import type { Annotation, ResultItem, User } from "./wire.ts";

const at = (second: number): string => `2026-11-24T14:00:${String(second).padStart(2, "0")}.123456Z`;
const choice = (name: string): ResultItem => ({ type: "choices", from_name: "review", value: { choices: [name] } });
const stray: ResultItem = { id: "k", type: "keypointlabels", from_name: "kp", value: { x: 1, y: 1, keypointlabels: ["nose"] } };
const annotation = (id: number, second: number, more: Partial<Annotation> = {}): Annotation => ({ id, updated_at: at(second), result: [choice("Approved")], completed_by: 1, updated_by: 1, ...more });
const untouched = (frame: number): FrameLabels => ({ frame, time: 0, image_key: "i", width: 100, height: 100, status: "unlabeled", version: 0, updated_by: null, updated_at: null, objects: [] });
const frame = (number: number, ...annotations: Annotation[]) => toolFrame(untouched(number), [{ id: number, data: {}, annotations, predictions: [] }]);
const task = { classes: ["mouse"], keypoints: ["nose"] } as LabelingTask;
const nameOf = (user: User): string | null => (user === null ? null : `user ${typeof user === "number" ? user : user.id}`);

describe("a frame in Label Studio", () => {
  it("is what its latest annotation says, which is not a skipped one", () => {
    expect(latest([annotation(1, 5), annotation(2, 9), annotation(3, 7)])!.id).toBe(2);
    expect(latest([annotation(1, 5), annotation(2, 5)])!.id).toBe(2);
    expect(latest([annotation(1, 5), annotation(2, 9, { was_cancelled: true })])!.id).toBe(1);
    expect(latest([annotation(2, 9, { was_cancelled: true })])).toBeNull();
    expect(statusOf(frame(0, annotation(1, 5), annotation(2, 9, { result: [] })))).toBe("unlabeled");
    expect(statusOf(frame(0, annotation(1, 5)))).toBe("reviewed");
    expect(statusOf(frame(0))).toBe("unlabeled");
  });

  it("takes the labeled one of two tasks, where an attempt was cut short", () => {
    const twice = toolFrame(untouched(0), [{ id: 1, data: {}, annotations: [], predictions: [] }, { id: 2, data: {}, annotations: [annotation(1, 5)], predictions: [] }]);
    expect(twice).toMatchObject({ task: { id: 2 }, says: "approved" });
  });

  it("is decided by Enterprise's last review, where there are reviews", () => {
    const open = annotation(1, 5, { result: [] });
    expect(verdictOf({ ...open, reviews: [{ accepted: false, created_at: at(6), created_by: 7 }, { accepted: true, created_at: at(8), created_by: { id: 9, email: "bob@lab.example" } }] })).toEqual({ says: "approved", comment: "", reviewer: { id: 9, email: "bob@lab.example" } });
    expect(verdictOf({ ...annotation(1, 5), reviews: [{ accepted: false, created_at: at(6), created_by: 7, comment: "the ear" }] })).toEqual({ says: "rejected", comment: "the ear", reviewer: 7 });
    expect(verdictOf({ ...open, result: [choice("Rejected")], reviews: [{ accepted: true, created_at: at(6), created_by: 7 }] })).toMatchObject({ says: "rejected" });
  });

  it("says who labeled it, also to those who may not see the list of users", () => {
    const unknown = (): null => null;
    expect(toFrameLabels(frame(0, annotation(1, 5, { created_username: "Ann Smith ann@lab.example, 1" })), task, unknown).updated_by).toBe("ann@lab.example");
    expect(toFrameLabels(frame(0, annotation(1, 5)), task, nameOf)).toMatchObject({ updated_by: "user 1", updated_at: "2026-11-24T14:00:05.123Z", version: 1 });
  });

  it("is no obstacle while nobody approved what does not fit", () => {
    const draft = frame(25, annotation(1, 5, { result: [stray] }));
    expect(() => toFrameLabels(draft, task, nameOf)).toThrow("Frame 25");
    expect(toFrameLabelsIfApproved(draft, task, nameOf)).toEqual(untouched(25));
    expect(() => toFrameLabelsIfApproved(frame(25, annotation(1, 5, { result: [stray, choice("Approved")] })), task, nameOf)).toThrow("Frame 25");
  });
});

describe("an approval in Label Studio", () => {
  const check = (frames: ReturnType<typeof frame>[], more: { allowPartial?: boolean; reviewerNotLabeler?: boolean } = {}) => checkApproved(frames, { allowPartial: false, reviewerNotLabeler: false, nameOf, ...more });

  it("is given by whoever chose Approved last", () => {
    expect(check([frame(0, annotation(1, 9, { updated_by: 4 })), frame(25, annotation(2, 8, { updated_by: 5 }))])).toBe("user 4");
  });

  it("says how many frames are missing and which", () => {
    const frames = [frame(0, annotation(1, 9)), frame(25), frame(50, annotation(2, 8, { result: [choice("Rejected")] })), toolFrame(untouched(75), [])];
    expect(() => check(frames)).toThrow("3 of 4 frames are not approved in Label Studio: 25, 50, 75 (1 rejected, 1 deleted there).");
    expect(check(frames, { allowPartial: true })).toBe("user 1");
    expect(() => check(frames.slice(1), { allowPartial: true })).toThrow("No frame is approved in Label Studio.");
  });

  it("keeps those who labeled from approving, where that is asked for", () => {
    const frames = [frame(0, annotation(1, 9, { completed_by: 1, updated_by: 2 })), frame(25, annotation(2, 8, { completed_by: 2, updated_by: 2 }))];
    expect(() => check(frames, { reviewerNotLabeler: true })).toThrow("1 of the frames were approved by whoever labeled them (the first is 25).");
    expect(check(frames.slice(0, 1), { reviewerNotLabeler: true })).toBe("user 2");
  });
});

describe("a project's title", () => {
  it("tells rounds apart within 50 characters, and never cuts the id", () => {
    expect(titleOf("flies - 0000000task0", "0000000task0", 1)).toBe("flies - 0000000task0");
    expect(titleOf("flies - 0000000task0", "0000000task0", 2)).toBe("flies r2 - 0000000task0");
    const long = titleOf(`${"x".repeat(35)} - 0000000task0`, "0000000task0", 12);
    expect(long).toHaveLength(50);
    expect(long.endsWith("x r12 - 0000000task0")).toBe(true);
  });
});
