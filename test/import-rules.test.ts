import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Who may import whom (docs/ARCHITECTURE.md): the linter refuses the rest. */

const FORBIDDEN: [file: string, line: string][] = [
  ["domain/bad.ts", 'import "@temporalio/common";'],
  ["domain/bad.ts", 'import "../adapters/storage/local.ts";'],
  ["domain/sub/bad.ts", 'import "../../adapters/storage/local.ts";'],
  ["domain/bad.ts", 'import "node:fs";'],
  ["workflows/bad.ts", 'import { createActivities } from "../activities/index.ts";\nexport const used = createActivities;'],
  ["workflows/bad.ts", 'import "node:crypto";'],
  ["workflows/bad.ts", 'import "../adapters/storage/local.ts";'],
  ["activities/bad.ts", 'import { createLocalStorage } from "../adapters/storage/local.ts";\nexport const used = createLocalStorage;'],
  ["activities/results/bad.ts", 'import { createLocalStorage } from "../../adapters/storage/local.ts";\nexport const used = createLocalStorage;'],
  ["activities/bad.ts", 'import "../api/app.ts";'],
  ["activities/bad.ts", 'import "@temporalio/client";'],
  ["adapters/storage/bad.ts", 'import "../../activities/index.ts";'],
  ["adapters/storage/bad.ts", 'import "../video/ffmpeg.ts";'],
  ["adapters/storage/bad.ts", 'import "@temporalio/activity";'],
  ["api/bad.ts", 'import "../activities/index.ts";'],
  ["api/routes/bad.ts", 'import "../../workflows/pipeline.ts";'],
  ["api/bad.ts", 'import "onnxruntime-node";'],
  ["workers/bad.ts", 'import "../api/app.ts";'],
];
const ALLOWED: [file: string, line: string][] = [
  ["workflows/good.ts", 'import type { Activities } from "../activities/index.ts";\nexport type Used = Activities;'],
  ["activities/good.ts", 'import type { Storage } from "../adapters/storage/storage.ts";\nexport type Used = Storage;'],
  ["api/good.ts", 'import { stateQuery } from "../workflows/messages.ts";\nexport const used = stateQuery;'],
  ["adapters/storage/good.ts", 'import { ID_PATTERN } from "../../domain/ids.ts";\nexport const used = ID_PATTERN;'],
];

it("refuses what a room may not import, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "actverse-rules-"));
  try {
    await copyFile(".oxlintrc.json", join(folder, ".oxlintrc.json"));
    const write = async ([file, line]: [string, string], n: number): Promise<string> => {
      const path = join(folder, file.replace(".ts", `-${n}.ts`));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${line}\n`);
      return path.slice(folder.length + 1);
    };
    const bad = await Promise.all(FORBIDDEN.map(write));
    const good = await Promise.all(ALLOWED.map(write));
    const report = await promisify(execFile)(resolve("node_modules/.bin/oxlint"), ["--format", "json"], { cwd: folder }).catch((error: unknown) => error as { stdout: string });
    const { diagnostics } = JSON.parse(report.stdout) as { diagnostics: { filename: string; code: string }[] };
    const refused = new Set(diagnostics.filter((d) => d.code.includes("no-restricted-imports")).map((d) => d.filename));
    expect(bad.filter((file) => !refused.has(file))).toEqual([]);
    expect(good.filter((file) => refused.has(file))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
