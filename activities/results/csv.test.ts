import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resultKeys } from "../../domain/layout.ts";
import { INPUT, makeLab, rowOf, TASK, type Lab } from "./results.test-suite.ts";

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab();
});
afterEach(() => lab.remove());

test("tracks.csv has a header, a row per animal and frame, and none for a frame without animals", async () => {
  const rows = Array.from({ length: 600 }, (_, n) => rowOf(n, n / 25, n % 2 === 1 ? [] : [{ id: "0", box: [0, 0, 0.5, 0.5] }, { id: "1", box: [0.5, 0.5, 1, 1] }]));
  await lab.addResult({}, rows);
  const output = await lab.run(lab.steps.exportCsv, { ...INPUT, settings: {} as never });
  expect(output.key).toBe(resultKeys(TASK, 1).tracksCsv);
  const text = await readFile(await lab.storage.localPath(output.key), "utf8");
  expect(output.bytes).toBe(Buffer.byteLength(text));
  const lines = text.split("\n");
  expect(lines).toHaveLength(1 + 600 + 1);
  expect(lines.slice(0, 4)).toEqual(["frame,time,id,class,score,x1,y1,x2,y2", "0,0,0,fly,0.9,0,0,80,48", "0,0,1,fly,0.9,80,48,160,96", "2,0.08,0,fly,0.9,0,0,80,48"]);
});

test("without a result.json of ours it says what is wrong, and leaves nothing", async () => {
  await lab.storage.put(resultKeys(TASK, 1).result, "[1, 2]\n");
  await expect(lab.run(lab.steps.exportCsv, { ...INPUT, settings: {} as never })).rejects.toThrow(/not a result\.json of ours/);
  expect(await lab.storage.size(resultKeys(TASK, 1).tracksCsv)).toBeNull();
});
