import type { FrameComment } from "../../domain/events.ts";
import type { FrameLabels, Snapshot } from "../../domain/labels.ts";
import type { TaskSettings } from "../../domain/task.ts";

/** Where people label. Built in: our own page over data_storage; Label Studio and CVAT fit the same interface. */
export interface LabelingTool {
  readonly name: string;
  /** Makes the labeling task `title` from frames.json and prelabels.json; doing it twice makes one. */
  request(options: { taskId: string; round: number; title: string; settings: TaskSettings }): Promise<{ frames: number; prelabeled: number }>;
  /** Every frame as it stands in the tool now. */
  read(options: { taskId: string; round: number }): Promise<FrameLabels[]>;
  /** How much is done. */
  progress(options: { taskId: string; round: number }): Promise<LabelingProgress>;
  /** Sends frames back to the labelers, each with a comment. */
  reject(options: { taskId: string; round: number; comments: FrameComment[]; by: string }): Promise<void>;
}

export interface LabelingProgress {
  frames: number;
  reviewed: number;
  prelabeled: number;
  objects: number;
}

/** Our own page's store: each edit is a new version of one frame. */
export interface BuiltinLabeling extends LabelingTool {
  frame(options: { taskId: string; round: number; frame: number }): Promise<FrameLabels>;
  /**
   * Saves version `basedOn + 1`. Throws InputError 409 (field `version`) where somebody saved that version first,
   * 400 where an object is outside the frame, has no size, an unknown class or the wrong number of keypoints.
   */
  save(options: { taskId: string; round: number; frame: number; basedOn: number; reviewed: boolean; objects: FrameLabels["objects"]; by: string }): Promise<FrameLabels>;
  /** Writes the immutable snapshot of all reviewed frames. Throws InputError where it may not be approved, saying which frames are missing. */
  snapshot(options: { taskId: string; round: number; by: string; allowPartial: boolean }): Promise<{ key: string; snapshot: Snapshot }>;
}
