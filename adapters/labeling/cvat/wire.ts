/** The parts of CVAT's REST API that we use, named as on the wire (its OpenAPI schema; read against servers 2.15 to 2.80). */

export interface Page<T> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export interface CvatUser {
  id: number;
  username: string;
}

export interface CvatProject {
  id: number;
  name: string;
}

export interface CvatTask {
  id: number;
  name: string;
  project_id: number | null;
  /** Number of frames; 0 or absent until its data is there. */
  size?: number | null;
}

export type JobStage = "annotation" | "validation" | "acceptance";
export type JobState = "new" | "in progress" | "completed" | "rejected";

export interface CvatJob {
  id: number;
  task_id: number;
  /** `annotation`, or a copy for quality control (`ground_truth`, replicas), which is no part of the labels. */
  type: string;
  stage: JobStage;
  state: JobState;
  assignee: CvatUser | null;
  /** Both are indices into the task's frames; stop_frame is inclusive. */
  start_frame: number;
  stop_frame: number;
  /** Changes with every change of the job and every save of its annotations. */
  updated_date: string;
}

export interface CvatAttribute {
  id: number;
  name: string;
}

export interface CvatLabel {
  id: number;
  name: string;
  type: string;
  attributes: CvatAttribute[];
  sublabels: { id: number; name: string }[];
}

/** What a label is made from. */
export interface LabelSpec {
  name: string;
  type: "rectangle" | "skeleton";
  attributes: { name: string; mutable: boolean; input_type: "text"; default_value: string; values: string[] }[];
  sublabels?: { name: string; type: "points"; attributes: [] }[];
  svg?: string;
}

export interface FrameMeta {
  name: string;
  width: number;
  height: number;
}

export interface DataMeta {
  frames: FrameMeta[] | null;
  deleted_frames: number[];
}

export interface AttributeVal {
  spec_id: number;
  value: string;
}

interface Position {
  type: string;
  frame: number;
  occluded: boolean;
  outside: boolean;
  /** Degrees, clockwise. */
  rotation: number;
  points: number[];
  attributes: AttributeVal[];
}

export interface SkeletonElement extends Position {
  id?: number | null;
  label_id: number;
  source?: string;
}

export interface LabeledShape extends Position {
  id?: number | null;
  label_id: number;
  /** Shapes of one frame with the same number belong together; 0 and null: none. */
  group: number | null;
  /** `manual`, `semi-auto`, `auto`, `file`, `consensus` */
  source: string;
  elements: SkeletonElement[];
}

export interface TrackedShape extends Position {
  id?: number | null;
}

/** One object through several frames: key frames, between which it moves in a straight line. */
export interface LabeledTrack {
  id?: number | null;
  frame: number;
  label_id: number;
  group: number | null;
  source: string;
  attributes: AttributeVal[];
  shapes: TrackedShape[];
  elements?: LabeledTrack[];
}

export interface LabeledData {
  version: number;
  tags: { frame: number; label_id: number }[];
  shapes: LabeledShape[];
  tracks: LabeledTrack[];
}

export interface CvatRequest {
  id: string;
  status: "queued" | "started" | "failed" | "finished";
  message?: string;
}

export interface CvatIssue {
  id: number;
  frame: number;
  job: number;
  resolved: boolean;
}

export interface CvatComment {
  id: number;
  issue: number;
  message: string;
}

export interface CvatWebhook {
  id: number;
  target_url: string;
  description?: string;
}

/** A delivery; `before_update` holds the old values of what changed, where the server sends it. */
export interface WebhookPayload {
  event: string;
  job?: CvatJob;
  /** In a ping. */
  webhook?: CvatWebhook;
  before_update?: Partial<CvatJob>;
}

export const isAccepted = ({ stage, state }: { stage: JobStage; state: JobState }): boolean => stage === "acceptance" && state === "completed";
