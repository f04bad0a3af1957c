import type { StepName } from "./task.ts";

/** Which queue runs an activity, and which step of the task it is work for. A live activity is never renamed: its name is in histories. */
export const ACTIVITIES = {
  downloadVideo: { queue: "video", step: "download" },
  uploadResults: { queue: "video", step: "upload" },
  uploadFile: { queue: "video", step: "upload" },
  importFrames: { queue: "frames", step: "labeling" },
  extractFrames: { queue: "frames", step: "frames" },
  preInfer: { queue: "inference", step: "preinference" },
  planInference: { queue: "inference", step: "inference" },
  inferSegment: { queue: "inference", step: "inference" },
  requestLabeling: { queue: "labeling", step: "labeling" },
  verifyApproval: { queue: "labeling", step: "labeling" },
  remindLabelers: { queue: "labeling", step: "labeling" },
  openRound: { queue: "labeling", step: "preinference" },
  buildDataset: { queue: "training", step: "training" },
  importDataset: { queue: "training", step: "training" },
  trainModel: { queue: "training", step: "training" },
  exportModel: { queue: "training", step: "training" },
  exportImported: { queue: "training", step: "deployment" },
  deployModel: { queue: "deployment", step: "deployment" },
  rollBackModel: { queue: "deployment", step: "deployment" },
  receiveModel: { queue: "deployment", step: "deployment" },
  joinSegments: { queue: "results", step: "inference" },
  assessQuality: { queue: "results", step: "results" },
  exportCsv: { queue: "results", step: "results" },
  exportDlc: { queue: "results", step: "results" },
  exportViaTracks: { queue: "results", step: "results" },
  exportParquet: { queue: "results", step: "results" },
  exportLabels: { queue: "results", step: "results" },
  annotateVideo: { queue: "results", step: "results" },
  writeNotebook: { queue: "results", step: "results" },
  writeReport: { queue: "results", step: "results" },
  writeRecord: { queue: "notify", step: "upload" },
} as const satisfies Record<string, { queue: string; step: StepName }>;
export type ActivityName = keyof typeof ACTIVITIES;

/** Runs the workflows; every other queue runs activities. */
export const PIPELINE_QUEUE = "pipeline";
export const ACTIVITY_QUEUES = ["video", "frames", "labeling", "training", "deployment", "inference", "results", "notify"] as const;
export const QUEUES = [PIPELINE_QUEUE, ...ACTIVITY_QUEUES] as const;
export type Queue = (typeof QUEUES)[number];
