import type { PacketIndex, Segment } from "../../domain/detections.ts";
import type { Account } from "../../domain/ledger.ts";

/** ffmpeg and ffprobe: the only place that starts them. Every call ends its child processes when `signal` aborts. */
export interface VideoTools {
  /** What the container says. Throws InputError (field `file_path`) for what is no video, has no video stream or no frames. */
  probe(file: string): Promise<ProbedVideo>;
  /** Frames in presentation order without decoding; packets marked as discarded are left out. Throws ClockJumpsBack: then mendTimes, and the index of what that made. */
  index(options: { file: string; signal?: AbortSignal }): Promise<PacketIndex>;
  /** The same packets in an MPEG transport stream whose times go on where they began anew. */
  mendTimes(options: { file: string; output: string; signal?: AbortSignal }): Promise<void>;
  /** An H.264 yuv420p MP4 with the same frames and times, for browsers. Times count from the index's first frame. */
  makeProxy(options: { file: string; index: PacketIndex; output: string; onProgress?: OnFrames; signal?: AbortSignal }): Promise<void>;
  /** Exactly these frames (ascending) as JPEG files, upright: `nameOf(frame)` in `folder`. A frame that cannot be decoded gets no file. */
  extractFrames(options: ExtractOptions): Promise<void>;
  /**
   * Raw pixels of a segment's frames, in order, upright, scaled into width x height with the rest padded in grey 114 (letterbox, centred: domain/letterbox).
   * With a stride, the frames whose number is a multiple of it: segments side by side leave no seam.
   * Each item is one frame: planar R, G, B (CHW), 3 * width * height bytes, in memory of its own until it is released.
   * Frames of the segment that the decoder does not give are simply missing, and what it gives and the index does not have is left out: `onAccount` tells both.
   */
  decode(options: DecodeOptions): AsyncIterable<DecodedFrame>;
  /** Images (JPEG, PNG) as grey raw pixels, width x height each. */
  readGrey(options: { files: string[]; width: number; height: number; signal?: AbortSignal }): AsyncIterable<Buffer>;
  /**
   * Draws .ass subtitle scripts into the video: H.264 yuv420p, faststart, no sound, the source's frames and times, the first at 0 s.
   * An odd picture gets a black column or row.
   */
  draw(options: DrawOptions): Promise<void>;
}

export type OnFrames = (frames: number) => void;

export interface ExtractOptions {
  file: string;
  index: PacketIndex;
  frames: number[];
  folder: string;
  nameOf: (frame: number) => string;
  onProgress?: OnFrames;
  signal?: AbortSignal;
}

export interface DrawOptions {
  file: string;
  index: PacketIndex;
  /** Of the upright picture. */
  width: number;
  height: number;
  /** One after the other from frame 0 to the last, each beginning at a key frame. */
  pieces: Segment[];
  /** Path of a piece's script; asked for in their order. Its times count from the piece's first frame, `clock` of its seconds for one of the video's. */
  scriptOf: (piece: Segment) => Promise<string>;
  clock: number;
  /** For what is not finished. */
  folder: string;
  output: string;
  onProgress?: OnFrames;
  signal?: AbortSignal;
}

export interface DecodeOptions {
  file: string;
  index: PacketIndex;
  segment: Segment;
  stride: number;
  width: number;
  height: number;
  /** Called once, after the last frame: of every frame of the segment, also those that the stride leaves out. */
  onAccount?: (account: Account) => void;
  signal?: AbortSignal;
}

export interface DecodedFrame {
  frame: number;
  /** In memory that threads can share. */
  pixels: Buffer;
  /** The pixels are no longer needed: their memory is used for a later frame. Who keeps them does not call it. */
  release: () => void;
}

export interface ProbedVideo {
  container: string;
  codec: string;
  pixelFormat: string;
  /** Upright, i.e. swapped where the rotation is 90 or 270. */
  width: number;
  height: number;
  rotation: 0 | 90 | 180 | 270;
  fps: number;
  durationS: number;
  /** H.264 in yuv420p in MP4: browsers play it as it is. */
  browserPlays: boolean;
}

export class VideoToolError extends Error {
  override readonly name = "VideoToolError";
}
