import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ResultRow } from "../../domain/result.ts";
import { exec, INPUT, makeLab, rowOf, type Lab } from "./results.test-suite.ts";

/** The Python of trainer/'s environment, where set-up puts a Jupyter kernel for this test. */
const python = existsSync(".actverse/env.json") ? (JSON.parse(readFileSync(".actverse/env.json", "utf8")) as { python: string }).python : "";
const able = python !== "" && existsSync(join(python, "../jupyter-execute"));
const whyNot = "no Jupyter kernel: run `bash scripts/setup.sh --test`";

let lab: Lab;
beforeEach(async () => {
  lab = await makeLab();
});
afterEach(() => lab.remove());

interface Executed {
  cells: { cell_type: string; outputs?: { output_type: string; text?: string | string[]; data?: Record<string, string | string[]> }[] }[];
}
const EXECUTE = "import sys, nbformat, nbclient\nnb = nbformat.read(sys.argv[1], 4)\nnbformat.validate(nb)\nnbclient.NotebookClient(nb, timeout=300, kernel_name='python3', resources={'metadata': {'path': sys.argv[2]}}).execute()\nnbformat.write(nb, sys.argv[1])";

/** Runs the notebook in a real kernel, beside its tracks.csv; any error in a cell fails the test. Gives all text and the number of pictures. */
async function execute(rows: ResultRow[], settings: Record<string, unknown> = {}, bodyParts: string[] = []): Promise<{ text: string; pictures: number }> {
  await lab.addResult({ settings, classes: ["the fly's \"best\" 🪰"], body_parts: bodyParts }, rows);
  const csv = await lab.run(lab.steps.exportCsv, { ...INPUT, settings: {} as never });
  const notebook = await lab.run(lab.steps.writeNotebook, { ...INPUT, settings: {} as never });
  const folder = join(lab.folder, "opened");
  await mkdir(folder);
  await copyFile(await lab.storage.localPath(csv.key), join(folder, "tracks.csv"));
  const file = join(folder, "notebook.ipynb");
  await copyFile(await lab.storage.localPath(notebook.key), file);
  const script = join(folder, "execute.py");
  await writeFile(script, EXECUTE);
  await exec(python, [script, file, folder], { maxBuffer: 1e8 });
  const outputs = (JSON.parse(await readFile(file, "utf8")) as Executed).cells.flatMap((cell) => cell.outputs ?? []);
  expect(outputs.filter((output) => output.output_type === "error")).toEqual([]);
  const textOf = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join("") : (value ?? ""));
  return {
    text: outputs.map((output) => textOf(output.text) + textOf(output.data?.["text/plain"])).join("\n"),
    pictures: outputs.filter((output) => output.data?.["image/png"] !== undefined).length,
  };
}

test("runs and measures what was put in: two animals, one of them out of sight for a while", async ({ skip }) => {
  skip(!able, whyNot);
  // 160 x 96 pixels, 25 fps: animal 0 goes 1.6 pixels a frame, animal 1 rests and is not found in frames 20 to 29.
  const rows = Array.from({ length: 50 }, (_, n) =>
    rowOf(n, n / 25, [{ id: "0", box: [n / 100, 0.1, n / 100 + 0.1, 0.2] as [number, number, number, number] }, ...(n >= 20 && n < 30 ? [] : [{ id: "1", box: [0.5, 0.5, 0.6, 0.6] as [number, number, number, number] }])]),
  );
  const { text, pictures } = await execute(rows);
  expect(pictures).toBe(6);
  expect(text).toContain("90 rows, 2 animals, 50 processed frames of 50");
  expect(text).toMatch(/^0\s+78\.4\s+40\.0\s+40\.0$/m);
  expect(text).toMatch(/^1\s+0\.0\s+0\.0\s+0\.0$/m);
  expect(text).toMatch(/^0\s+50\s+0\s+1\.0$/m);
  expect(text).toMatch(/^1\s+40\s+10\s+0\.8$/m);
  // Animal 0 is above the centre zone all the time, animal 1 within it.
  expect(text).toMatch(/^0\s+0\.0\s+2\.0$/m);
  expect(text).toMatch(/^1\s+1\.6\s+0\.0$/m);

  // report.html says the same: share of the frames, distance, mean and highest speed, time in the centre.
  const report = await lab.run(lab.steps.writeReport, { ...INPUT, settings: { outputs: ["report"] } as never });
  const html = await readFile(await lab.storage.localPath(report.key), "utf8");
  const cells = [...html.matchAll(/<td>(?:<i[^>]*><\/i>)?([^<]*)<\/td>/g)].map(([, cell]) => cell);
  expect(cells).toEqual(["0", "100.0 %", "0.90", "78.4", "40.0", "40.0", "0:00.0", "1", "80.0 %", "0.90", "0.0", "0.0", "0.0", "0:01.6"]);
});

test("runs with keypoints, whose names may be anything", async ({ skip }) => {
  skip(!able, whyNot);
  const rows = [0, 1, 2].map((n): ResultRow => ({ ...rowOf(n, n / 25, [{ id: "7", box: [0.4, 0.4, 0.6, 0.6] }]), keypoints: [[[0.5, 0.5], [0.45, 0.5]]], keypoints_score: [[0.9, 0.2]] }));
  const { text } = await execute(rows, {}, ["nose, \"tip\"", "x"]);
  expect(text).toContain("3 rows, 1 animals, 3 processed frames of 3");
  expect(text).toMatch(/^7\s+0\.12\s+0\.0$/m);
});

test("runs with skipped frames and one animal", async ({ skip }) => {
  skip(!able, whyNot);
  const rows = [0, 3, 6, 9].map((n) => rowOf(n, n / 25, n === 6 ? [] : [{ id: "0", box: [n / 100, 0.1, n / 100 + 0.1, 0.2] }]));
  const { text, pictures } = await execute(rows, { inference: { frame_skip: 2 } });
  expect(pictures).toBe(5);
  expect(text).toContain("Fewer than two animals");
  // From frame 0 to 3 only: over the gap nobody knows the way.
  expect(text).toMatch(/^0\s+4\.8\s+40\.0\s+40\.0$/m);
  expect(text).toMatch(/^0\s+3\s+1\s+0\.75$/m);
});

test("runs where no animal was found", async ({ skip }) => {
  skip(!able, whyNot);
  const { text } = await execute([0, 1, 2].map((n) => rowOf(n, n / 25, [])));
  expect(text).toContain("0 rows, 0 animals, 3 processed frames of 3");
});
