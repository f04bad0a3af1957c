import type { FrameComment } from "../../domain/events.ts";
import type { ExternalToolName } from "../../domain/labeling-tools.ts";
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

/** A labeling tool that is somebody else's program: asked over its API, and heard through its webhooks. */
export interface ExternalLabeling extends LabelingTool {
  /** Where people label this task: an address of the tool, for a browser. */
  url(options: { taskId: string; round: number }): Promise<string>;
  /**
   * Reads one webhook delivery, without asking the tool anything that takes time. null: it is about nothing of ours.
   * Throws InputError 401 where it is not signed as agreed. `pathTaskId`: the task_id of the hook's own address, where the tool has one address per task.
   */
  webhook(delivery: { headers: Record<string, string | undefined>; body: Buffer; pathTaskId: string | null }): Promise<WebhookReading | null>;
  /**
   * Every frame as it stands now, and who approved: what an approval is checked against.
   * Throws InputError 409 or 422 where the tool says that it is not approved: the task goes on waiting. Throws InputError 403 or 404 where the tool
   * lets us in no more or has lost the project: a person must mend that. Any other error is tried again.
   */
  approval(options: { taskId: string; round: number; allowPartial: boolean }): Promise<{ frames: FrameLabels[]; approvedBy: string }>;
}

/** The tools of others that this installation is connected with; null: not set up. */
export type ExternalTools = Record<ExternalToolName, ExternalLabeling | null>;
export const NO_EXTERNAL_TOOLS: ExternalTools = { "label-studio": null, cvat: null };

/** What a genuine delivery says. */
export interface WebhookReading {
  taskId: string;
  /** Absent where the delivery does not tell: then it is about whichever round is the current one. */
  round?: number;
  /** The same for every repeat of one delivery. */
  id: string;
  /** `approved`: worth one reading back of the tool. `reopened`: something that was approved is open again. `rejected`: a reviewer sent it back, with these comments. */
  says: "approved" | "reopened" | "rejected" | "nothing";
  comments: FrameComment[];
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
