import { describe, expect, it } from "vitest";
import { InputError } from "./errors.ts";
import { candidatesOf, looksSame, partsOf } from "./frame-choice.ts";

describe("partsOf", () => {
  it("covers every frame once, in parts that differ by one frame at most", () => {
    for (const [frames, count] of [[1500, 60], [61, 60], [60, 60], [7, 3], [1, 1], [100_003, 5000]] as const) {
      const parts = partsOf(frames, count);
      expect(parts).toHaveLength(count);
      expect(parts[0]?.start).toBe(0);
      expect(parts.at(-1)?.end).toBe(frames);
      const lengths = parts.map((part, i) => {
        expect(part.start).toBe(i === 0 ? 0 : parts[i - 1]?.end);
        return part.end - part.start;
      });
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
      expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1);
    }
  });

  it("says how many frames there are where they are too few", () => {
    expect(() => partsOf(12, 60)).toThrow(InputError);
    expect(() => partsOf(12, 60)).toThrow(/12 frames, fewer than the 60/);
  });
});

describe("candidatesOf", () => {
  it("begins with the centre, stays inside the part and repeats none", () => {
    expect(candidatesOf({ start: 100, end: 125 }, 1)).toEqual([112]);
    const five = candidatesOf({ start: 100, end: 125 }, 5);
    expect(five).toEqual([112, 104, 120, 108, 116]);
    expect(candidatesOf({ start: 4, end: 5 }, 5)).toEqual([4]);
    expect(candidatesOf({ start: 4, end: 6 }, 5)).toEqual([5, 4]);
  });
});

describe("looksSame", () => {
  const still = Uint8Array.from({ length: 4096 }, (_, i) => i % 200);
  it("takes noise for the same, and a small animal that moved for different", () => {
    const noisy = still.map((value, i) => value + (i % 4 === 0 ? 1 : 0));
    const moved = still.map((value, i) => (i >= 2000 && i < 2004 ? value + 40 : value));
    expect(looksSame(still, noisy)).toBe(true);
    expect(looksSame(still, moved)).toBe(false);
    expect(looksSame(still, still.map((value) => value + 1))).toBe(false);
  });
});
