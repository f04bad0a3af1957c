import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { removeAbandoned, withScratch } from "./scratch.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-scratch-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("an attempt's folder is gone at its end, whatever the end", async () => {
  const work = async (scratch: string): Promise<void> => writeFile(join(scratch, "part.bin"), "x");
  await withScratch(folder, work);
  await expect(withScratch(folder, async (scratch) => { await work(scratch); throw new Error("stopped"); })).rejects.toThrow("stopped");
  expect(await readdir(folder)).toEqual([]);
});

it("what a killed process left is removed, and nothing else", async () => {
  const script = `import { withScratch } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "scratch.ts")).href)};
    await withScratch(${JSON.stringify(folder)}, async (scratch) => { console.log(scratch); await new Promise((resolve) => setTimeout(resolve, 600_000)); });`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const left = line.toString().trim();
  await writeFile(join(left, "half.mp4"), "x");
  const elsewhere = `attempt-another-host-1-1-abcdef`;
  const reused = `attempt-${hostname()}-${process.pid}-1-abcdef`;
  for (const name of [elsewhere, "downloads", join("export", reused)]) await mkdir(join(folder, name), { recursive: true });

  await withScratch(folder, async (own) => {
    // Its process lives.
    expect(await removeAbandoned(folder)).toBe(1);
    expect(await readdir(join(folder, "export"))).toEqual([]);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    expect(await removeAbandoned(folder)).toBe(1);
    expect((await readdir(folder)).toSorted()).toEqual([elsewhere, own.slice(folder.length + 1), "downloads", "export"].toSorted());
  });
  expect(await removeAbandoned(join(folder, "not-there"))).toBe(0);
});
