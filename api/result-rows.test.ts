import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { RESULT_TAIL, resultHead, resultRow } from "../domain/result-lines.ts";
import type { ResultMetadata, ResultRow } from "../domain/result.ts";
import { readRows } from "./result-rows.ts";

let folder: string;
let storage: Storage;
/** Bytes that were asked of the store since the last look. */
let read = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-rows-"));
  const real = createLocalStorage({ root: folder });
  storage = { ...real, stream: (key, range) => ((read += range === undefined ? Infinity : range.end - range.start + 1), real.stream(key, range)) };
});
afterAll(() => rm(folder, { recursive: true }));

const rowOf = (frame: number, time: number, animals: number): ResultRow => {
  const each = <T>(value: T): T[] => Array.from({ length: animals }, () => value);
  return { frame, timestamp: time, ids: each("0"), boxes: each([0.1, 0.2, 0.3, 0.4]), boxes_score: each(0.9), keypoints: each([[0.1, 0.2]]), keypoints_score: each([0.5]), smoothed_keypoints: each([[0.1, 0.2]]), class_ids: each(0) };
};
/** Rows of frame 0, `step`, 2 * `step` and so on; animals: none, one, or many. */
async function file({ rows, step, metadata = {} }: { rows: number; step: number; metadata?: object }): Promise<{ storage: Storage; key: string; size: number; all: ResultRow[] }> {
  const key = "inference_results/x/result.json";
  const all = Array.from({ length: rows }, (_, n) => rowOf(n * step, Number(((n * step) / 30).toFixed(6)), n % 97 === 0 ? 120 : n % 3));
  await storage.put(key, resultHead(metadata as ResultMetadata) + all.map((row, n) => resultRow(row, n === 0)).join("") + RESULT_TAIL);
  return { storage, key, size: (await storage.size(key))!, all };
}

describe("rows of a result.json", () => {
  it.each([[0, 1], [1, 1], [2, 1], [5000, 1], [5000, 7]])("%i rows, each of every %i-th frame: any place is found, and the rows from there", async (rows, step) => {
    const { all, ...made } = await file({ rows, step, metadata: { doubts: "x".repeat(rows === 5000 ? 300_000 : 0) } });
    const last = (rows - 1) * step;
    for (const frame of [0, 1, step, 3 * step + 1, Math.floor(last / 2), last - 1, last, last + 100]) {
      if (frame < 0) continue;
      const index = Math.min(rows - 1, Math.floor(frame / step));
      const wanted = all.slice(Math.max(0, index), Math.max(0, index) + 3);
      const next = all[Math.max(0, index) + 3]?.frame ?? null;
      const byFrame = await readRows({ ...made, from: { frame }, limit: 3 });
      expect({ ...byFrame, rows: byFrame.rows.map((row) => JSON.parse(row) as unknown) }, `frame ${frame}`).toEqual({ rows: wanted, next });
      expect(await readRows({ ...made, from: { time: frame / 30 + 1e-5 }, limit: 3 }), `frame ${frame} by its time`).toEqual(byFrame);
    }
  });

  it("reads next to nothing of a long file, wherever the place is", async () => {
    const { all, size, ...made } = await file({ rows: 30_000, step: 1 });
    for (const frame of [0, 15_000, 29_990]) {
      read = 0;
      const { rows } = await readRows({ ...made, size, from: { frame }, limit: 10 });
      expect((JSON.parse(rows[0]!) as ResultRow).frame).toBe(all[frame]!.frame);
      // What is streamed on is closed after the last row; asked for is what lies behind the place.
      expect(read - (size - Math.floor((size * frame) / 30_000)), `bytes for frame ${frame} of ${size}`).toBeLessThan(1_500_000);
    }
  });

  it("holds an answer to some megabytes, and says where to go on", async () => {
    const { all, ...made } = await file({ rows: 60_000, step: 1 });
    const seen: number[] = [];
    for (let frame: number | null = 0; frame !== null; ) {
      const { rows, next } = await readRows({ ...made, from: { frame }, limit: 100_000 });
      expect(rows.join("").length).toBeLessThan(5e6);
      seen.push(...rows.map((row) => (JSON.parse(row) as ResultRow).frame));
      frame = next;
    }
    expect(seen).toEqual(all.map(({ frame }) => frame));
  });
});
