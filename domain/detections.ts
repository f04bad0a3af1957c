import type { Precision } from "./model-facts.ts";

/** What a model found in one frame, and the way there. Pixels of the upright original frame unless said otherwise. */

export interface Detection {
  /** x1, y1, x2, y2 */
  box: [number, number, number, number];
  score: number;
  classId: number;
  /** x, y, score for each keypoint; empty for a detect model. */
  keypoints: [number, number, number][];
  /** How the body looks: red, green, blue, 0..255; not there where nobody looked. */
  look?: [number, number, number];
}

/** One line of a segment's .ndjson file. */
export interface FrameDetections {
  /** Index of the decoded frame in presentation order. */
  frame: number;
  /** Seconds after the first frame's presentation time. */
  time: number;
  detections: Detection[];
}

/** video.json: what is known of the source without decoding it. */
export interface VideoInfo {
  task_id: string;
  source_key: string;
  original_path: string;
  /** The key of a file that browsers play: the source itself, or the proxy. */
  browser_key: string;
  container: string;
  codec: string;
  pixel_format: string;
  /** Of the upright frame, after rotation. */
  width: number;
  height: number;
  /** Clockwise degrees that the file asks players to turn the picture: 0, 90, 180, 270. */
  rotation: number;
  /** Average; the exact times are in packets.json. */
  fps: number;
  num_frames: number;
  duration_s: number;
  /** Presentation time of the first frame in the file's own clock, seconds. */
  start_time: number;
  bytes: number;
  /** Things worth knowing: variable frame rate, a repaired container, ... */
  notes: string[];
}

/** packets.json: the index of frames in presentation order, made without decoding. */
export interface PacketIndex {
  /** Seconds per tick: numerator, denominator. */
  time_base: [number, number];
  /** Ticks, ascending, one per frame that players show. */
  pts: number[];
  /** Frames (indices into pts) that are key frames, ascending; the first is 0 in every sound file. */
  key_frames: number[];
}

/** Frames start <= frame < end. */
export interface Segment {
  index: number;
  start: number;
  end: number;
}

/** What a model file says of itself; read from the ONNX file, never assumed. */
export interface ModelInfo {
  name: string;
  version: number;
  task: "detect" | "pose";
  classes: string[];
  keypoints: string[];
  /** Height, width that it was trained for. */
  imgsz: [number, number];
  /** It takes images of other sizes too: sides that are multiples of `stride` (default 32). */
  dynamicSize?: boolean;
  stride?: number;
  precision?: Precision;
}

/** A deployed model, as steps name it. */
export interface ModelRef {
  name: string;
  version: number;
}
