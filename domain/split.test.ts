import { describe, expect, it } from "vitest";
import { splitFrames, type SplitFrame } from "./split.ts";

const frames = (count: number, spacing: number, contents: (i: number) => string[] = () => ["class fly"]): SplitFrame[] => Array.from({ length: count }, (_, i) => ({ frame: i * 25, time: i * spacing, contents: contents(i) }));

/** How many runs of neighbours (by place among all frames) a list of frame numbers is. */
const runs = (numbers: number[]): number => numbers.filter((n, i) => i === 0 || n - numbers[i - 1]! > 25).length;

describe("splitFrames", () => {
  it("makes contiguous blocks with a gap of 60 labels and keeps most of them for training", () => {
    const split = splitFrames(frames(60, 1));
    expect(split).toMatchObject({ minDistance: 2, notes: [] });
    expect([split.train.length, split.val.length, split.gap.length]).toEqual([47, 9, 4]);
    expect(runs(split.val)).toBe(2);
    expect(new Set([...split.train, ...split.val, ...split.gap]).size).toBe(60);
  });

  it("spends no label on a gap where frames are seconds apart anyway", () => {
    const split = splitFrames(frames(60, 10));
    expect(split.gap).toEqual([]);
    expect(split.minDistance).toBe(10);
  });

  it("widens the gap where frames lie dense", () => {
    const split = splitFrames(frames(300, 0.2));
    expect(runs(split.val)).toBe(3);
    expect(split.val.length).toBe(45);
    expect(split.minDistance).toBeCloseTo(6 * 0.2);
  });

  it.each([2, 3, 4, 7, 10, 11, 12, 29, 30, 31, 59, 100, 101, 1000, 5000])("uses every one of %i frames once, always the same way", (count) => {
    const all = frames(count, 0.7);
    const split = splitFrames(all);
    expect(split.train.length).toBeGreaterThan(count * 0.6 - 1);
    expect(split.val.length).toBeGreaterThanOrEqual(1);
    expect(split.val.length / count).toBeLessThanOrEqual(0.5);
    expect([...split.train, ...split.val, ...split.gap].toSorted((a, b) => a - b)).toEqual(all.map(({ frame }) => frame));
    expect(splitFrames(all.toReversed())).toEqual(split);
  });

  it("uses a single frame for both and says so", () => {
    expect(splitFrames(frames(1, 1))).toMatchObject({ train: [0], val: [0], gap: [], minDistance: 0, notes: [expect.stringMatching(/Only one labeled frame/)] });
  });

  it("moves the blocks away from the only frame that has a class", () => {
    const plain = splitFrames(frames(20, 1));
    const rare = plain.val[1]! / 25;
    const split = splitFrames(frames(20, 1, (i) => (i === rare ? ["class fly", "class bee"] : ["class fly"])));
    expect(plain.val).toContain(rare * 25);
    expect(split.train).toContain(rare * 25);
  });

  it("moves a block to where there are objects", () => {
    const split = splitFrames(frames(10, 1, (i) => (i < 3 ? ["class fly"] : [])));
    expect(split.val.some((frame) => frame < 75)).toBe(true);
    expect(split.train.some((frame) => frame < 75)).toBe(true);
  });

  it("validates on the only frame with an object, although it trains too, and says so", () => {
    const split = splitFrames(frames(5, 1, (i) => (i === 2 ? ["class fly"] : [])));
    expect(split.train).toContain(50);
    expect(split.val).toContain(50);
    expect(split.notes.join()).toContain("Frame 50 both trains and validates");
  });
});
