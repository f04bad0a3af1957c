import { describe, expect, it } from "vitest";
import type { PacketIndex, Segment } from "./detections.ts";
import { MAX_SEGMENTS, framesIn, planSegments, timeOf } from "./segments.ts";

const indexOf = (frames: number, gop: number): PacketIndex => ({
  time_base: [1, 1000],
  pts: Array.from({ length: frames }, (_, i) => 500 + i * 40),
  key_frames: Array.from({ length: Math.ceil(frames / gop) }, (_, i) => i * gop),
});
const plan = (frames: number, gop: number, options: { fps?: number; stride?: number; maxFrames?: number | null } = {}): Segment[] =>
  planSegments({ index: indexOf(frames, gop), fps: 25, stride: 1, maxFrames: null, ...options });

/** One after the other, without a gap, each at a key frame. */
function isWhole(segments: Segment[], end: number, gop: number): void {
  expect(segments[0]?.start).toBe(0);
  expect(segments.at(-1)?.end).toBe(end);
  segments.forEach((segment, i) => {
    expect(segment).toMatchObject({ index: i, start: i === 0 ? 0 : segments[i - 1]?.end });
    expect(segment.start % gop).toBe(0);
    expect(segment.end).toBeGreaterThan(segment.start);
  });
}

describe("segments", () => {
  it("cover the video, begin at key frames and last about half a minute", () => {
    for (const [frames, gop] of [[1500, 250], [1200, 30], [9000, 12], [1, 1], [751, 250]] as const) {
      const segments = plan(frames, gop);
      isWhole(segments, frames, gop);
      expect(segments.every(({ start, end }) => end - start <= 750 + gop)).toBe(true);
    }
    expect(plan(1500, 250)).toHaveLength(2);
    expect(plan(400, 1)).toHaveLength(1);
  });

  it("are never more than a history bears", () => {
    const segments = plan(10_000_000, 10);
    isWhole(segments, 10_000_000, 10);
    expect(segments.length).toBeLessThanOrEqual(MAX_SEGMENTS);
  });

  it("take a long group of pictures as it is", () => {
    expect(plan(100_000, 60_000)).toEqual([{ index: 0, start: 0, end: 60_000 }, { index: 1, start: 60_000, end: 100_000 }]);
    expect(plan(100_000, 200_000)).toEqual([{ index: 0, start: 0, end: 100_000 }]);
  });

  it("count processed frames from frame 0 of the video, whatever the segments", () => {
    for (const stride of [1, 2, 3, 7]) {
      const segments = plan(9001, 10, { stride });
      expect(segments.reduce((sum, segment) => sum + framesIn(segment, stride), 0)).toBe(Math.ceil(9001 / stride));
    }
    expect(framesIn({ index: 1, start: 10, end: 20 }, 4)).toBe(2);
    const limited = plan(9000, 10, { stride: 3, maxFrames: 500 });
    expect(limited.reduce((sum, segment) => sum + framesIn(segment, 3), 0)).toBe(500);
    expect(plan(9000, 10, { maxFrames: 5 })).toEqual([{ index: 0, start: 0, end: 5 }]);
    expect(planSegments({ index: { time_base: [1, 1], pts: [], key_frames: [] }, fps: 25, stride: 1, maxFrames: null })).toEqual([]);
  });

  it("tell the time after the first frame", () => {
    expect(timeOf(indexOf(10, 1), 0)).toBe(0);
    expect(timeOf(indexOf(10, 1), 3)).toBe(0.12);
  });
});
