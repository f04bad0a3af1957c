import type { ModelRef } from "../domain/detections.ts";
import type { ApprovalClaim, DownloadOutput, ExportOutput, FramesOutput, JoinOutput, TrainOutput, VerifyOutput } from "../domain/steps.ts";
import type { ApprovalInbox } from "./approval.ts";
import type { Task } from "./task.ts";

/** What earlier steps made, for later ones. A step that is done again replaces its own part. */
export interface Made {
  video: DownloadOutput;
  frames: FramesOutput;
  /** Labels were asked for before: this is not the first time. */
  labelsAsked?: boolean;
  /** The claim that was being checked when the step failed. */
  unverified: ApprovalClaim | null;
  approval: Extract<VerifyOutput, { holds: true }>;
  training: TrainOutput;
  exported: ExportOutput;
  model: ModelRef;
  joined: JoinOutput;
}

export interface Step {
  task: Task;
  made: Made;
  inbox: ApprovalInbox;
}

/** Does the step; what it returns is shown as its result. */
export type StepWork = (step: Step) => Promise<Record<string, unknown>>;
