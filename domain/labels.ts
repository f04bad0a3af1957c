import { Type, type Static } from "typebox";

/** Labels as they are stored and sent (contract: Labels). Pixels of the upright frame, origin top left. */

export const LabeledObject = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64, pattern: "^[0-9A-Za-z_-]+$" }),
    class: Type.String(),
    /** x1, y1, x2, y2 */
    box: Type.Array(Type.Number(), { minItems: 4, maxItems: 4 }),
    /** x, y, v for each named keypoint in the task's order; v: 0 absent, 1 occluded, 2 visible. Empty where the task has none. */
    keypoints: Type.Array(Type.Array(Type.Number(), { minItems: 3, maxItems: 3 })),
    track: Type.Optional(Type.String({ maxLength: 64 })),
    /** `person`, `motion`, or `model:{name}@{version}` */
    source: Type.String(),
    confirmed: Type.Boolean(),
    score: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  },
  { additionalProperties: false },
);
export type LabeledObject = Static<typeof LabeledObject>;

export type FrameStatus = "unlabeled" | "prelabeled" | "reviewed";

export interface FrameLabels {
  frame: number;
  /** Seconds after the first frame's presentation time. */
  time: number;
  image_key: string;
  width: number;
  height: number;
  status: FrameStatus;
  /** 0: as the pre-labeler left it; each edit adds one. */
  version: number;
  updated_by: string | null;
  updated_at: string | null;
  objects: LabeledObject[];
  /** A reviewer's comment with which the frame went back to the labelers. */
  comment?: string;
}

/** What was approved: never changes, and is the only thing that trains. `frames` are the reviewed ones only. */
export interface Snapshot {
  task_id: string;
  round: number;
  source: string;
  approved_by: string;
  approved_at: string;
  classes: string[];
  keypoints: string[];
  frames: FrameLabels[];
  /** Extracted frames that were not reviewed. */
  left_out: number[];
  /** Whoever approved chose to leave out what is not reviewed. */
  allow_partial: boolean;
  /** Of everything above, as domain/hash says. */
  sha256: string;
}

/** frames.json: the frames that were taken out of the video, in order. */
export interface FrameList {
  task_id: string;
  width: number;
  height: number;
  frames: { frame: number; time: number; image_key: string }[];
}

/** prelabels.json */
export interface Prelabels {
  source: string;
  frames: { frame: number; objects: LabeledObject[] }[];
}

/** tool.json: what the labeling task needs to know of the settings. */
export interface LabelingTask {
  tool: string;
  task_id: string;
  round: number;
  title: string;
  classes: string[];
  keypoints: string[];
  skeleton: [number, number][];
  num_animals: number | null;
  allow_partial: boolean;
  reviewer_not_labeler: boolean;
  /** Which video the frames are of, in figures: edits do not outlive a change of the video. */
  video: string;
  created_at: string;
}
