import type { StepName } from "./task.ts";

/** The public contract: names and fields of every event (snake_case, also on the wire). */
export interface EventData {
  "task.created": { video_path: string; user_id: string };
  "video.download.requested": { video_path: string; user_id: string };
  "video.downloaded": { downloaded_video_path: string; original_video_path: string; status: "completed" };
  "frames.extraction.requested": { downloaded_video_path: string };
  "frames.extracted": { frames_path: string; num_frames: number; status: "completed" };
  "preinference.completed": { frames: number; objects: number; source: string };
  "labeling.requested": { frames_path: string; status: "created"; title?: string; url?: string };
  "labeling.completed": { label_path: string; status: "completed" };
  "labeling.approved": { round: number; approved_by: string; frames: number };
  "labeling.rejected": { round: number; comments: FrameComment[] };
  "labeling.claim_refused": { round: number; source: string; reason: string };
  /** `to`: who is waited for. `frames_left`: not reviewed yet; null where the tool does not answer. */
  "labeling.reminder": { round: number; waiting_s: number; to?: string[]; title?: string; url?: string; frames?: number | null; frames_left?: number | null };
  /** In the labeling tool something that was approved is open again. What was approved stays as it is: a new round would take it up. */
  "labeling.reopened": { round: number; source: string };
  /** A new round over the same frames; the labels of the round `before` are its start. */
  "round.opened": { round: number; before: number; frames: number; reviewed: number };
  "model.training.requested": { data_path: string };
  "model.training.completed": { model_path: string; status: "completed"; metrics: Record<string, number> };
  "model.deployment.requested": { model_path: string; deployment_id: string; status: "requested"; endpoint: string };
  "model.deployed": { deployment_id: string; status: "completed"; endpoint: string };
  /** An earlier version answers again where none is named. `model`: name@version. */
  "model.rolled_back": { model: string; by: string; endpoint: string };
  "inference.requested": { model_path: string; inference_data_path: string };
  "inference.completed": { result_json_path: string; status: "completed" };
  "results.uploaded": { destinations: string[] };
  "step.parked": { step: StepName; reason: string; what_to_do: string };
  "step.resumed": { step: StepName };
  "task.completed": { results_path: string };
  "task.failed": { step: StepName; reason: string };
  "task.cancelled": { step: StepName | null; reason: string };
  /** A person deleted its data; only its record is left. */
  "task.deleted": { by: string };
}
export type EventName = keyof EventData;

/** A reviewer's remark on a frame. */
export interface FrameComment {
  frame: number;
  comment: string;
}

/** One line of a task's timeline. `at`: ISO 8601, UTC. `seq`: counts the lines of a round, from 0; absent in tasks from before it was counted. */
export type TaskEvent = { [N in EventName]: { event: N; at: string; seq?: number; data: { task_id: string } & EventData[N] } }[EventName];
