/** result.json (brief: section 6). Coordinates normalised to 0..1 of the original upright frame, origin top left. */
export interface ResultFile {
  metadata: ResultMetadata;
  results: ResultRow[];
}

export interface ResultMetadata {
  origin_width: number;
  origin_height: number;
  fps: number;
  /** Frames of the video, whether processed or not. */
  num_frames: number;
  /** Presentation time of frame 0 in the file's own clock, seconds. */
  start_time: number;
  classes: string[];
  body_parts: string[];
  skeleton: [number, number][];
  task_id: string;
  model: Record<string, unknown>;
  settings: Record<string, unknown>;
  /** Frames that the decoder gave and the packet index did not have, or the other way round. */
  frames_differing: number;
  /** Where two animals may have been taken for each other; not there in results of older versions. */
  identity_doubts?: IdentityDoubts;
}

export interface IdentityDoubts {
  /** All of them. */
  count: number;
  /** By frame; of very many, the likeliest ones only. */
  moments: IdentityDoubt[];
}

export interface IdentityDoubt {
  /** The first and the last frame that is in doubt: from `frame` on the ids may be exchanged. */
  frame: number;
  until_frame: number;
  /** Of `frame`. */
  timestamp: number;
  /** Two, as in the rows. */
  ids: string[];
  /** `close`: the two were so near that each box might have been the other's. `merged`: one of the two was not found where the other one was. */
  why: "close" | "merged";
}

/** One processed frame; all lists have one entry per animal and the same order. */
export interface ResultRow {
  frame: number;
  timestamp: number;
  ids: string[];
  boxes: [number, number, number, number][];
  boxes_score: number[];
  keypoints: [number, number][][];
  keypoints_score: number[][];
  smoothed_keypoints: [number, number][][];
  class_ids: number[];
  /** For each animal the pairs of keypoints (numbers in `body_parts`) that the model seems to have exchanged, left for right; only where there is one. `smoothed_keypoints` has them put right. */
  suspected_swaps?: [number, number][][];
}

/** Exact labels of a video, as the sample generator writes and `--truth` takes. Pixels; keypoints: x, y, visible 0 | 1. */
export interface Truth {
  video: string;
  width: number;
  height: number;
  fps: number;
  frames: number;
  class: string;
  keypoints: string[];
  skeleton?: [number, number][];
  tracks: string[];
  labels: { frame: number; animals: { track: string; box: [number, number, number, number]; keypoints: [number, number, number][] }[] }[];
}
