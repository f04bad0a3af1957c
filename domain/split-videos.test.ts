import { describe, expect, it } from "vitest";
import type { SplitFrame } from "./split.ts";
import { splitVideos, type VideoFrames } from "./split-videos.ts";

const video = (name: string, count: number, contents = ["class fly"]): VideoFrames => ({ video: name, frames: Array.from({ length: count }, (_, i): SplitFrame => ({ frame: i * 10, time: i, contents })) });
const valOf = (videos: VideoFrames[]): string[] => [...splitVideos(videos).parts].flatMap(([name, { val }]) => (val.length > 0 ? [name] : []));

describe("splitVideos", () => {
  it("splits one video by blocks", () => {
    const split = splitVideos([video("a", 60)]);
    expect(split.minDistance).toBe(2);
    expect(split.parts.get("a")!.gap.length).toBe(4);
  });

  it("gives whole videos to val, nearest to the usual share, and leaves nothing out", () => {
    const videos = [video("a", 60), video("b", 20), video("c", 40), video("d", 5)];
    const split = splitVideos(videos);
    expect(valOf(videos)).toEqual(["b"]);
    expect(split).toMatchObject({ minDistance: null, notes: ["Whole videos validate: b."] });
    expect([...split.parts.values()].flatMap(({ train, val }) => [...train, ...val]).length).toBe(125);
    expect([...split.parts.values()].every(({ train, val, gap }) => gap.length === 0 && (train.length === 0 || val.length === 0))).toBe(true);
    expect(splitVideos(videos)).toEqual(split);
  });

  it("keeps for training the only video that has a class, and validates on one that has objects", () => {
    expect(valOf([video("a", 50), video("b", 10, ["class fly", "class bee"]), video("c", 30)])).toEqual(["c"]);
    expect(valOf([video("a", 50), video("b", 10, []), video("c", 30)])).toEqual(["c"]);
  });

  it("takes every seventh of many", () => {
    expect(valOf(Array.from({ length: 20 }, (_, i) => video(`v${String(i).padStart(2, "0")}`, 10)))).toHaveLength(3);
  });

  it("splits each where each has something of its own, and says so", () => {
    const split = splitVideos([video("a", 30, ["class fly"]), video("b", 30, ["class bee"]), video("c", 1, ["class wasp"])]);
    expect(split.notes.join()).toContain("No video can validate as a whole");
    expect(split.parts.get("a")!.val.length).toBeGreaterThan(0);
    expect(split.parts.get("b")!.train.length).toBeGreaterThan(0);
    expect(split.parts.get("c")).toEqual({ train: [0], val: [], gap: [] });
    expect(split.minDistance).toBe(2);
  });

  it("says where little is left to validate on", () => {
    expect(splitVideos([video("a", 9), video("b", 2)]).notes.join()).toContain("Only 2 frames to validate on");
  });
});
