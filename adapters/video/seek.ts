import type { PacketIndex } from "../../domain/detections.ts";

/** Seconds in the file's own clock. */
export const secondsOf = (index: PacketIndex, pts: number): number => (pts * index.time_base[0]) / index.time_base[1];

/** Which of `key_frames` is the last at or before a frame; -1 where none is. */
export function keyBefore(index: PacketIndex, frame: number): number {
  let low = 0;
  let high = index.key_frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((index.key_frames[middle] ?? 0) <= frame) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Input options that begin reading at or before a key frame, `back` key frames earlier than the one that holds `frame`
 * (an open group of pictures needs the one before). Times stay the file's own (-copyts), and nothing is dropped: the filters choose by
 * presentation time in ticks, which is exact where -ss, in microseconds and shifted by the container's start, is not.
 */
export function seekOptions(index: PacketIndex, frame: number, back: number): string[] {
  const key = keyBefore(index, frame) - back;
  const target = key > 0 ? index.pts[index.key_frames[key] ?? 0] : undefined;
  if (target === undefined) return ["-copyts"];
  return ["-copyts", "-noaccurate_seek", "-seek_timestamp", "1", "-ss", secondsOf(index, target).toFixed(6)];
}

/** The filter chain counts in the index's ticks whatever a later ffmpeg prefers. */
export const inTicksOf = (index: PacketIndex): string => `settb=${index.time_base[0]}/${index.time_base[1]}`;

/**
 * An expression for ffmpeg's `select` that is true for the frames start <= f < end with f % stride == 0, by presentation time;
 * null where the frames do not come evenly enough for one formula (checked on every frame): then the caller leaves out by itself.
 */
export function strideExpression(index: PacketIndex, start: number, end: number, stride: number): string | null {
  if (stride === 1) return "1";
  const first = index.pts[start] ?? 0;
  const last = index.pts[end - 1] ?? first;
  const step = end - 1 > start ? (last - first) / (end - 1 - start) : 1;
  for (let frame = start; frame < end; frame++) {
    const place = start + Math.floor(((index.pts[frame] ?? 0) - first) / step + 0.5);
    if ((place % stride === 0) !== (frame % stride === 0)) return null;
  }
  return `not(mod(${start}+floor((pts-(${first}))/${step}+0.5),${stride}))`;
}
