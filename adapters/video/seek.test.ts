import { describe, expect, it } from "vitest";
import type { PacketIndex } from "../../domain/detections.ts";
import { keyBefore, seekOptions, strideExpression } from "./seek.ts";

const even: PacketIndex = { time_base: [1, 12_800], pts: Array.from({ length: 300 }, (_, i) => -1024 + i * 512), key_frames: [0, 100, 200] };
/** 30 frames a second in a clock of milliseconds: 0, 33, 67, 100 ... */
const rounded: PacketIndex = { time_base: [1, 1000], pts: Array.from({ length: 300 }, (_, i) => Math.round((i * 1000) / 30)), key_frames: [0] };
const uneven: PacketIndex = { time_base: [1, 1000], pts: [0, 10, 11, 12, 500, 510, 1000], key_frames: [0] };

/** What ffmpeg computes for one presentation time. */
function evaluate(expression: string, pts: number): boolean {
  const found = /^not\(mod\((-?\d+)\+floor\(\(pts-\((-?\d+)\)\)\/([\d.]+)\+0\.5\),(\d+)\)\)$/.exec(expression);
  if (found === null) throw new Error(`not the known form: ${expression}`);
  const [start = 0, first = 0, step = 1, stride = 1] = found.slice(1).map(Number);
  return (start + Math.floor((pts - first) / step + 0.5)) % stride === 0;
}

describe("keyBefore", () => {
  it("finds the key frame at or before a frame", () => {
    expect([0, 99, 100, 101, 299].map((frame) => keyBefore(even, frame))).toEqual([0, 0, 1, 1, 2]);
    expect(keyBefore({ ...even, key_frames: [5] }, 3)).toBe(-1);
  });
});

describe("seekOptions", () => {
  it("begins so many key frames earlier, in the file's own clock", () => {
    expect(seekOptions(even, 250, 1).at(-1)).toBe(((-1024 + 100 * 512) / 12_800).toFixed(6));
    expect(seekOptions(even, 250, 0).at(-1)).toBe(((-1024 + 200 * 512) / 12_800).toFixed(6));
  });

  it("does not seek where the file's beginning is meant", () => {
    for (const [frame, back] of [[50, 0], [150, 1], [250, 10]] as const) expect(seekOptions(even, frame, back)).toEqual(["-copyts"]);
  });
});

describe("strideExpression", () => {
  it.each([["even", even], ["rounded to milliseconds", rounded]] as const)("is true for every n-th frame where times are %s", (_name, index) => {
    for (const [start, end] of [[0, 300], [37, 211]] as const) {
      for (const stride of [2, 3, 7, 50]) {
        const expression = strideExpression(index, start, end, stride) ?? "";
        for (let frame = start; frame < end; frame++) expect(evaluate(expression, index.pts[frame] ?? 0), `${frame} by ${stride}`).toBe(frame % stride === 0);
      }
    }
  });

  it("is not given where no formula fits, and trivial without a stride", () => {
    expect(strideExpression(uneven, 0, 7, 2)).toBeNull();
    expect(strideExpression(uneven, 0, 7, 1)).toBe("1");
  });
});
