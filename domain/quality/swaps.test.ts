import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ResultRow, Truth } from "../result.ts";
import { assess } from "./assess.ts";
import { createMoments, longest } from "./moments.ts";
import { LISTED, type Moments } from "./quality.ts";
import { createSwaps } from "./swaps.ts";

type Animal = { id: string; box: [number, number, number, number]; classId?: number };
const rowOf = (frame: number, fps: number, animals: Animal[], { width, height }: { width: number; height: number }): ResultRow => ({
  frame, timestamp: frame / fps, ids: animals.map(({ id }) => id), boxes: animals.map(({ box: [x1, y1, x2, y2] }) => [x1 / width, y1 / height, x2 / width, y2 / height]),
  boxes_score: animals.map(() => 0.9), keypoints: animals.map(() => []), keypoints_score: animals.map(() => []), smoothed_keypoints: animals.map(() => []), class_ids: animals.map(({ classId }) => classId ?? 0),
});
const swapsOf = (rows: ResultRow[], size = { width: 1000, height: 500 }): Moments => {
  const swaps = createSwaps(size);
  for (const row of rows) swaps.push(row);
  return swaps.finish();
};
/** Two animals that walk towards each other on ways 60 pixels apart and pass; `at`: what is changed in a frame. */
const passing = (change: (frame: number, animals: Animal[]) => Animal[]): Moments =>
  swapsOf(Array.from({ length: 200 }, (_, n) => rowOf(n, 25, change(n, [{ id: "0", box: [100 + 4 * n, 100, 160 + 4 * n, 140] }, { id: "1", box: [860 - 4 * n, 160, 920 - 4 * n, 200] }]), { width: 1000, height: 500 })));
const exchanged = (animals: Animal[]): Animal[] => animals.map((animal) => ({ ...animal, id: animal.id === "0" ? "1" : "0" })).sort((a, b) => Number(a.id) - Number(b.id));

describe("suspected swaps", () => {
  test("animals that pass each other are not suspected", () => {
    expect(passing((_, animals) => animals)).toEqual({ count: 0, seconds: 0, listed: [] });
  });

  test("an exchange is found in its frame, and only there", () => {
    expect(passing((n, animals) => (n >= 95 ? exchanged(animals) : animals))).toMatchObject({ count: 1, listed: [{ frame: 95, time: 3.8, ids: ["0", "1"], why: "jump" }] });
  });

  test("also after one of the two was out of sight", () => {
    const found = passing((n, animals) => (n < 90 ? animals : n < 105 ? animals.filter(({ id }) => id === "1") : exchanged(animals)));
    expect(found).toMatchObject({ count: 1, listed: [{ frame: 105, why: "jump" }] });
  });

  test("two of different classes do not exchange their ids", () => {
    const found = passing((n, animals) => (n >= 95 ? exchanged(animals) : animals).map((animal) => ({ ...animal, classId: Number(animal.id) })));
    expect(found.count).toBe(0);
  });

  test("two that lay on one another may have changed places: one moment, however long it lasts", () => {
    const rows = Array.from({ length: 100 }, (_, n) => rowOf(n, 25, [{ id: "3", box: [100, 100, 160, 140] }, { id: "11", box: n >= 40 && n < 60 ? [104, 102, 164, 142] : [300, 100, 360, 140] }], { width: 1000, height: 500 }));
    expect(swapsOf(rows)).toMatchObject({ count: 1, listed: [{ ids: ["3", "11"] }] });
  });
});

const FLIES = new URL("../../../shared/real/flies/truth.json", import.meta.url);
test.skipIf(!existsSync(FLIES))("real flies: each of three exchanges is found, and nothing else is suspected (needs ../shared/real/flies)", async () => {
  const truth = JSON.parse(readFileSync(FLIES, "utf8")) as Truth;
  const rows = (swapAt: number[]): ResultRow[] =>
    truth.labels.map(({ frame, animals }) => {
      const odd = swapAt.filter((at) => frame >= at).length % 2;
      const found = animals.map(({ track, box }) => ({ id: String((truth.tracks.indexOf(track) + odd) % 2), box })).sort((a, b) => Number(a.id) - Number(b.id));
      return rowOf(frame, truth.fps, found, truth);
    });
  const metadata = { origin_width: truth.width, origin_height: truth.height, fps: truth.fps, task_id: "t", settings: { num_animals: 2 } } as never;
  expect((await assess(metadata, 1, () => rows([]))).suspected_swaps.count).toBe(0);
  expect((await assess(metadata, 1, () => rows([300, 700, 1100]))).suspected_swaps.listed.map(({ frame }) => frame)).toEqual([300, 700, 1100]);
});

test("of many moments all are counted, and the worst are listed in the order of time", () => {
  const moments = createMoments(longest);
  for (let n = 0; n < 1000; n += 1) moments.add({ frame: n, end_frame: n, time: n, end_time: n + (n % 10) / 10, ids: [], value: 0 });
  const { count, seconds, listed } = moments.finish();
  expect([count, seconds, listed.length]).toEqual([1000, 450, LISTED]);
  expect(new Set(listed.map(({ frame }) => frame % 10))).toEqual(new Set([9]));
  expect(listed.map(({ frame }) => frame)).toEqual(listed.map(({ frame }) => frame).toSorted((a, b) => a - b));
});
