import type { PacketIndex, Segment } from "./detections.ts";

/** A task never has more: each segment is an activity, and a workflow's history must stay small. */
export const MAX_SEGMENTS = 200;
/** Worth the start of a decoder: about half a minute of video, and never fewer frames than this. */
const SECONDS = 30;
const MIN_FRAMES = 500;

/**
 * Segments from the first to the last frame that will be processed. Each begins at a key frame; a group of pictures
 * longer than a segment is the segment.
 *
 * @param stride every stride-th frame is processed, counted from frame 0
 * @param maxFrames at most so many frames are processed; null: all
 * @param atLeast frames that a segment has, where not about half a minute
 */
export function planSegments(options: { index: PacketIndex; fps: number; stride: number; maxFrames: number | null; atLeast?: number }): Segment[] {
  const { index, fps, stride, maxFrames } = options;
  const end = Math.min(index.pts.length, maxFrames === null ? Infinity : (maxFrames - 1) * stride + 1);
  if (end <= 0) return [];
  const length = Math.max(options.atLeast ?? Math.max(MIN_FRAMES, Math.round(SECONDS * fps)), Math.ceil(end / MAX_SEGMENTS));
  const starts = [0];
  // Even parts, so that no segment is a short rest; each border moves on to the next key frame.
  const parts = Math.ceil(end / length);
  let key = 0;
  for (let part = 1; part < parts; part++) {
    const wanted = Math.max(Math.round((part * end) / parts), (starts.at(-1) ?? 0) + 1);
    while (key < index.key_frames.length && (index.key_frames[key] ?? 0) < wanted) key++;
    const start = index.key_frames[key];
    if (start === undefined || start >= end) break;
    starts.push(start);
  }
  return starts.map((start, i) => ({ index: i, start, end: starts[i + 1] ?? end }));
}

/** How many frames of a segment are processed. */
export function framesIn(segment: Segment, stride: number): number {
  return Math.ceil(segment.end / stride) - Math.ceil(segment.start / stride);
}

/** Seconds of a frame after the first frame's presentation time. */
export function timeOf(index: PacketIndex, frame: number): number {
  const [numerator, denominator] = index.time_base;
  const ticks = (index.pts[frame] ?? index.pts.at(-1) ?? 0) - (index.pts[0] ?? 0);
  return Math.round(((ticks * numerator) / denominator) * 1e6) / 1e6;
}
