import { describe, expect, it } from "vitest";
import createdApproved from "./fixtures/annotation-created-approved.json" with { type: "json" };
import createdRejected from "./fixtures/annotation-created-rejected.json" with { type: "json" };
import updatedRejected from "./fixtures/annotation-updated-rejected.json" with { type: "json" };
import deleted from "./fixtures/annotations-deleted.json" with { type: "json" };
import tasksCreated from "./fixtures/tasks-created.json" with { type: "json" };
import { readWebhook } from "./webhook.ts";
import type { ResultItem } from "./wire.ts";

const SECRET = "s3s3s3s3s3s3s3s3s3";
interface Recorded {
  headers: Record<string, string>;
  body: Record<string, unknown>;
}
const read = ({ headers, body }: Recorded, changes: Record<string, unknown> = {}) => readWebhook({ headers, body: Buffer.from(JSON.stringify({ ...body, ...changes })), pathTaskId: "0000000task0" }, SECRET);
const counts = (task_number: number, finished_task_number: number) => ({ project: { ...createdApproved.body.project, task_number, finished_task_number, num_tasks_with_annotations: finished_task_number } });
const without = (review: string | null): Record<string, unknown> => ({
  ...createdApproved.body.annotation,
  result: (createdApproved.body.annotation.result as ResultItem[]).flatMap((item) => (item.from_name !== "review" ? [item] : review === null ? [] : [{ ...item, value: { choices: [review] } }])),
});

describe("a delivery of Label Studio", () => {
  it("claims an approval when every frame has an annotation", () => {
    expect(read(createdApproved, counts(3, 3))).toEqual({ taskId: "0000000task0", round: 1, id: "label-studio:ANNOTATION_CREATED:2@2026-11-24T14:00:17.540905Z", says: "approved", comments: [], approval: { project: 2, task: 6 } });
    // The recorded one: one of three frames.
    expect(read(createdApproved)).toMatchObject({ says: "nothing" });
  });

  it("claims it also when frames that all had been submitted are approved later", () => {
    expect(read(createdApproved, { action: "ANNOTATION_UPDATED", ...counts(3, 3) })).toMatchObject({ says: "approved" });
  });

  it("claims it where the counts are missing, since the claim is verified", () => {
    expect(read(createdApproved, { project: undefined })).toMatchObject({ says: "approved" });
    expect(read(createdApproved, { project: 5 })).toMatchObject({ says: "approved", approval: null });
  });

  it("counts frames with annotations where a project wants more than one of each", () => {
    expect(read(createdApproved, { project: { task_number: 3, finished_task_number: 0, num_tasks_with_annotations: 3 } })).toMatchObject({ says: "approved" });
  });

  it("brings a rejection with its comment and frame", () => {
    expect(read(updatedRejected)).toMatchObject({ says: "rejected", comments: [{ frame: 50, comment: "the tail is missing" }] });
    expect(read(createdRejected)).toMatchObject({ says: "rejected", comments: [{ frame: 0, comment: "look again" }] });
  });

  it("says what is open again", () => {
    expect(read(deleted)).toMatchObject({ says: "reopened" });
    expect(read(createdApproved, { action: "ANNOTATION_UPDATED", annotation: without(null) })).toMatchObject({ says: "reopened" });
    expect(read(createdApproved, { action: "ANNOTATION_UPDATED", annotation: { ...createdApproved.body.annotation, was_cancelled: true } })).toMatchObject({ says: "reopened" });
    // A second annotation of a frame is the one that counts from now on.
    expect(read(createdApproved, { annotation: without(null), task: { ...createdApproved.body.task, total_annotations: 2 } })).toMatchObject({ says: "reopened" });
  });

  it("says nothing of a first annotation that is not approved, and of other events", () => {
    expect(read(createdApproved, { annotation: without(null) })).toMatchObject({ says: "nothing" });
    expect(read(tasksCreated)).toMatchObject({ says: "nothing" });
    expect(read({ headers: createdApproved.headers, body: { action: "PROJECT_UPDATED", project: createdApproved.body.project } })).toMatchObject({ says: "nothing" });
  });

  it("understands the reviews of Label Studio Enterprise", () => {
    const review = (action: string, accepted: boolean | undefined, more: object = {}) => read(createdApproved, { action, review: { id: 3, accepted, created_by: 2, ...more }, annotation: without(null), ...counts(3, 3) });
    expect(review("REVIEW_CREATED", true)).toMatchObject({ says: "approved", approval: null });
    expect(review("REVIEW_UPDATED", false, { comment: "the ear" })).toMatchObject({ says: "rejected", comments: [{ frame: 50, comment: "the ear" }] });
    expect(review("REVIEW_CREATED", false)).toMatchObject({ says: "rejected", comments: [{ frame: 50, comment: "Rejected in review." }] });
    expect(review("REVIEW_CREATED", undefined)).toMatchObject({ says: "nothing" });
    expect(read({ headers: createdApproved.headers, body: { action: "REVIEWS_DELETED", reviews: [{ id: 3 }] } })).toMatchObject({ says: "reopened" });
  });

  it("reads annotations that were made in bulk", () => {
    const bulk = (reviews: (string | null)[]) => read(createdApproved, { action: "ANNOTATIONS_CREATED", annotation: reviews.map(without), task: reviews.map((_, i) => ({ id: 100 + i, data: { frame: i }, total_annotations: 1 })), ...counts(3, 3) });
    expect(bulk(["Approved", "Approved", "Approved"])).toMatchObject({ says: "approved" });
    expect(bulk(["Approved", "Rejected", "Approved"])).toMatchObject({ says: "rejected", comments: [{ frame: 1, comment: "Rejected without a comment." }] });
    expect(bulk(["Approved", null])).toMatchObject({ says: "nothing" });
  });

  it("has the same id each time it is delivered, and another for another change", () => {
    const { id } = read(createdApproved)!;
    expect(read(createdApproved, counts(3, 3))!.id).toBe(id);
    expect(read(createdApproved, { annotation: { ...createdApproved.body.annotation, updated_at: "2026-11-24T14:00:18.0Z" } })!.id).not.toBe(id);
    expect(read(deleted)!.id).toBe(read(deleted)!.id);
    expect(read(deleted)!.id).not.toBe(read(deleted, { annotations: [{ id: 3 }] })!.id);
  });

  it("is refused without the secret", () => {
    for (const secret of [undefined, "", "s3", `${SECRET}x`, SECRET.toUpperCase()]) {
      const headers = { ...createdApproved.headers, "x-actverse-secret": secret };
      expect(() => readWebhook({ headers, body: Buffer.from(JSON.stringify(createdApproved.body)), pathTaskId: "0000000task0" }, SECRET)).toThrow(expect.objectContaining({ name: "InputError", status: 401 }) as Error);
    }
  });

  it("is refused where it is not Label Studio's, whatever it is", () => {
    const { headers } = createdApproved;
    for (const body of ["", "null", "[]", "7", '"x"', "{", "{}", '{"action":7}', "\u0000\uFFFD"]) {
      expect(() => readWebhook({ headers, body: Buffer.from(body), pathTaskId: "0000000task0" }, SECRET)).toThrow(expect.objectContaining({ name: "InputError", status: 400 }) as Error);
    }
    for (const body of ['{"action":"ANNOTATION_CREATED"}', '{"action":"ANNOTATION_UPDATED","annotation":[null,3,{"result":"x"}],"task":"x","project":[]}', '{"action":"ANNOTATION_UPDATED","annotation":{"result":[{"from_name":"review","value":null}]}}', '{"action":"REVIEW_CREATED","review":[]}']) {
      expect(["nothing", "reopened"]).toContain(readWebhook({ headers, body: Buffer.from(body), pathTaskId: "0000000task0" }, SECRET)!.says);
    }
  });

  it("is about nothing of ours without a task in its address", () => {
    expect(readWebhook({ headers: createdApproved.headers, body: Buffer.from("{}"), pathTaskId: null }, SECRET)).toBeNull();
  });
});
