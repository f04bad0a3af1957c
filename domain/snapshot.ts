import { checkApproval } from "./label-rules.ts";
import { snapshotHash } from "./hash.ts";
import type { FrameLabels, LabelingTask, Snapshot } from "./labels.ts";

/** The reviewed frames of a labeling task as they are now, with their hash. Throws InputError 422 where they may not be approved. */
export function makeSnapshot(options: { task: LabelingTask; frames: FrameLabels[]; source: string; approvedBy: string; approvedAt: string; allowPartial: boolean }): Snapshot {
  const { task, approvedBy } = options;
  const allowPartial = options.allowPartial || task.allow_partial;
  const frames = options.frames.filter((frame) => frame.status === "reviewed");
  const leftOut = options.frames.filter((frame) => frame.status !== "reviewed").map((frame) => frame.frame);
  checkApproval({ frames, leftOut, approvedBy }, { allowPartial, reviewerNotLabeler: task.reviewer_not_labeler });
  const content = {
    task_id: task.task_id,
    round: task.round,
    source: options.source,
    approved_by: approvedBy,
    approved_at: options.approvedAt,
    classes: task.classes,
    keypoints: task.keypoints,
    frames,
    left_out: leftOut,
    allow_partial: allowPartial,
  };
  return { ...content, sha256: snapshotHash(content) };
}
