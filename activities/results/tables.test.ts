import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resultKeys } from "../../domain/layout.ts";
import type { ResultRow } from "../../domain/result.ts";
import { noReaders, openWith, readers, takeOut } from "./readers.test-tools.ts";
import { INPUT, makeLab, rowOf, TASK, type Lab } from "./results.test-suite.ts";

/** dlc.csv, via-tracks.csv and tracks.parquet, as the programs see them that they are made for. */

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab();
});
afterEach(() => lab.remove());

interface Poses {
  individuals: string[];
  keypoints: string[];
  frames: number[];
  position: (number | null)[][][][];
  confidence: (number | null)[][][];
}
interface Boxes {
  individuals: string[];
  frames: number[];
  position: (number | null)[][][];
  shape: (number | null)[][][];
  confidence: (number | null)[][];
}
interface Table {
  columns: Record<string, string>;
  rows: number;
  row_groups: number;
  about: { task_id: string; body_parts: string[] };
  differs_from_csv: string | null;
}

const [WIDTH, HEIGHT] = [1000, 500];
/** Frames 0, 3, 6, ...: two were left out between each; animal 10 is missing in every fifth row, and no animal is in row 7. */
function rowsOf(n: number, parts: number): ResultRow[] {
  return Array.from({ length: n }, (_row, i) => {
    const ids = i === 7 ? [] : ["2", ...(i % 5 === 4 ? [] : ["10"])];
    const place = (id: string, k: number): [number, number] => [0.1 + Number(id) / 50 + k / 100 + (i % 300) / 1000, 0.2 + Number(id) / 50 + k / 50];
    return {
      ...rowOf(3 * i, (3 * i) / 25, ids.map((id) => ({ id, box: [...place(id, 0), ...place(id, 4)] as [number, number, number, number] }))),
      boxes_score: ids.map((id) => 0.9 - Number(id) / 100),
      keypoints: ids.map((id) => Array.from({ length: parts }, (_part, k) => place(id, k))),
      keypoints_score: ids.map((id) => Array.from({ length: parts }, (_part, k) => 0.5 + Number(id) / 100 + k / 10)),
      class_ids: ids.map((id) => (id === "2" ? 0 : 1)),
    };
  });
}

const addResult = (rows: ResultRow[], parts: string[]): Promise<void> =>
  lab.addResult({ origin_width: WIDTH, origin_height: HEIGHT, num_frames: 3 * rows.length, classes: ["mouse", 'the "big", one'], body_parts: parts, settings: { inference: { frame_skip: 2 } } }, rows);

/** Makes all three of a result and opens them. */
async function madeAndOpened(rows: ResultRow[], parts: string[]): Promise<[Poses, Boxes, Table]> {
  await addResult(rows, parts);
  const { exportCsv, exportDlc, exportViaTracks, exportParquet } = lab.steps;
  for (const step of [exportCsv, exportDlc, exportViaTracks, exportParquet]) await lab.run(step, { ...INPUT, settings: {} as never });
  const keys = resultKeys(TASK, 1);
  const folder = await takeOut(lab, [keys.tracksCsv, keys.dlcCsv, keys.viaTracksCsv, keys.tracksParquet]);
  return await openWith<[Poses, Boxes, Table]>([["dlc", join(folder, "dlc.csv")], ["via", join(folder, "via-tracks.csv")], ["parquet", join(folder, "tracks.parquet")]]);
}

test("poses, boxes and the table are those of result.json: places, scores, frames and who is missing", async ({ skip }) => {
  skip(readers === null, noReaders);
  const parts = ["nose", "tail, base"];
  const rows = rowsOf(400, parts.length);
  const frames = 3 * rows.length;
  const [poses, boxes, table] = await madeAndOpened(rows, parts);

  expect(poses.individuals).toEqual(["id_2", "id_10"]);
  expect(poses.keypoints).toEqual(parts);
  expect(poses.frames).toEqual(Array.from({ length: frames }, (_, frame) => frame));
  const none = [null, null];
  const wrong = poses.frames.filter((frame) => {
    const row = frame % 3 === 0 ? rows[frame / 3] : undefined;
    return ["2", "10"].some((id, column) => {
      const i = row?.ids.indexOf(id) ?? -1;
      const places = i < 0 ? [none, none] : row!.keypoints[i]!.map(([x, y]) => [x * WIDTH, y * HEIGHT]);
      const scores = i < 0 ? none : row!.keypoints_score[i]!;
      return !alike(poses.position[frame]![column]!, places, 0.006) || !alike(poses.confidence[frame]![column]!, scores, 1e-4);
    });
  });
  expect(wrong).toEqual([]);

  const seen = rows.filter((row) => row.ids.length > 0);
  expect(boxes.individuals).toEqual(["id_2", "id_10"]);
  expect(boxes.frames).toEqual(seen.map((row) => row.frame));
  const wrongBoxes = seen.filter((row, at) => ["2", "10"].some((id, column) => {
    const i = row.ids.indexOf(id);
    const [x1, y1, x2, y2] = row.boxes[i] ?? [0, 0, 0, 0];
    const [centre, size] = i < 0 ? [none, none] : [[((x1 + x2) / 2) * WIDTH, ((y1 + y2) / 2) * HEIGHT], [(x2 - x1) * WIDTH, (y2 - y1) * HEIGHT]];
    return !alike(boxes.position[at]![column]!, centre, 0.011) || !alike(boxes.shape[at]![column]!, size, 0.011) || !alike(boxes.confidence[at]![column]!, i < 0 ? null : row.boxes_score[i]!, 1e-6);
  }));
  expect(wrongBoxes).toEqual([]);

  expect(table.differs_from_csv).toBeNull();
  expect(table.rows).toBe(rows.reduce((sum, row) => sum + row.ids.length, 0));
  expect(table.about).toMatchObject({ task_id: TASK, body_parts: parts });
  expect(table.columns).toEqual({
    frame: "int64", time: "double", id: "string", class: "string", score: "double", x1: "double", y1: "double", x2: "double", y2: "double",
    nose_x: "double", nose_y: "double", nose_score: "double", "tail, base_x": "double", "tail, base_y": "double", "tail, base_score": "double",
  });
});

test("without keypoints the pose is the middle of the box", async ({ skip }) => {
  skip(readers === null, noReaders);
  const [poses, , table] = await madeAndOpened(rowsOf(4, 0), []);
  expect(poses.keypoints).toEqual(["centre"]);
  const [x1, y1, x2, y2] = rowsOf(1, 0)[0]!.boxes[1]!;
  expect(alike(poses.position[0]![1]![0]!, [((x1 + x2) / 2) * WIDTH, ((y1 + y2) / 2) * HEIGHT], 0.006)).toBe(true);
  expect(poses.confidence[0]![1]![0]).toBeCloseTo(0.8, 5);
  expect(table).toMatchObject({ rows: 8, row_groups: 1, differs_from_csv: null });
});

test("a long table is written in row groups, and none of its rows is lost between them", async ({ skip }) => {
  skip(readers === null, noReaders);
  const rows = rowsOf(10_000, 1);
  await addResult(rows, ["nose"]);
  for (const step of [lab.steps.exportCsv, lab.steps.exportParquet]) await lab.run(step, { ...INPUT, settings: {} as never });
  const folder = await takeOut(lab, [resultKeys(TASK, 1).tracksCsv, resultKeys(TASK, 1).tracksParquet]);
  const [table] = await openWith<[Table]>([["parquet", join(folder, "tracks.parquet")]]);
  expect(table).toMatchObject({ rows: rows.reduce((sum, row) => sum + row.ids.length, 0), differs_from_csv: null });
  expect(table.row_groups).toBe(2);
});

test("where no animal was found the files are whole, and say so", async () => {
  await lab.addResult({ num_frames: 3 }, [0, 1, 2].map((n) => rowOf(n, n / 25, [])));
  const { exportDlc, exportViaTracks, exportParquet } = lab.steps;
  const text = async (key: string): Promise<string> => await readFile(await lab.storage.localPath(key), "utf8");
  expect(await text((await lab.run(exportDlc, { ...INPUT, settings: {} as never })).key)).toBe("scorer\nindividuals\nbodyparts\ncoords\n0\n1\n2\n");
  expect((await text((await lab.run(exportViaTracks, { ...INPUT, settings: {} as never })).key)).split("\n")).toHaveLength(2);
  expect((await lab.run(exportParquet, { ...INPUT, settings: {} as never })).bytes).toBeGreaterThan(100);
});

test("as many ids as pieces of tracks make a wide dlc.csv, and the step says so", async () => {
  await lab.addResult({}, Array.from({ length: 101 }, (_, n) => rowOf(n, n / 25, [{ id: String(n), box: [0, 0, 0.1, 0.1] }])));
  const { notes } = await lab.run(lab.steps.exportDlc, { ...INPUT, settings: {} as never });
  expect(notes).toEqual([expect.stringContaining("101 ids")]);
});

/** Numbers within `least` of each other, at any depth; null only where null is wanted. */
function alike(found: unknown, wanted: unknown, least: number): boolean {
  if (Array.isArray(wanted)) return Array.isArray(found) && found.length === wanted.length && wanted.every((value, i) => alike(found[i], value, least));
  if (wanted === null) return found === null;
  return typeof found === "number" && Math.abs(found - (wanted as number)) <= least;
}
