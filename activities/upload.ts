import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { resultKeys } from "../domain/layout.ts";
import type { UploadInput, UploadOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { allowedFolder } from "./files/allowed-path.ts";
import { checkDiskSpace } from "./files/disk-space.ts";
import { longStep, type StepContext } from "./step-context.ts";

/** On the disk, not only in memory, before it gets its name. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface ResultFile {
  key: string;
  /** Path below the results' folder. */
  name: string;
  bytes: number;
}

export function createUploadSteps(deps: Pick<Deps, "storage" | "files">) {
  const { storage, files } = deps;

  /** Copies the results into `{path}/{task_id}/` of each destination. A file appears there whole or not at all; doing it again replaces the same files. */
  async function uploadResults(input: UploadInput): Promise<UploadOutput> {
    if (input.destinations.length === 0) return { destinations: [], files: 0, bytes: 0 };
    return longStep(async (context) => {
      const results = await resultsOf(input);
      const bytes = results.reduce((sum, file) => sum + file.bytes, 0);
      const total = bytes * input.destinations.length;
      // All are checked before the first is written to.
      const folders: string[] = [];
      for (const [i, { path }] of input.destinations.entries()) {
        folders.push(join(await allowedFolder({ path, roots: files.allowedRoots, field: `upload[${i}].path` }), input.taskId));
      }
      let done = 0;
      for (const [i, folder] of folders.entries()) {
        const field = `upload[${i}].path`;
        await mkdir(folder, { recursive: true });
        // Asked again now that it exists: a link that was swapped in would lead elsewhere.
        const real = await allowedFolder({ path: folder, roots: files.allowedRoots, field });
        await checkDiskSpace([real], bytes);
        for (const file of results) {
          context.report({ done, total, unit: "bytes", message: file.name });
          await copyOut(file, real, context);
          done += file.bytes;
        }
        context.log("results uploaded", { folder: real, files: results.length, bytes });
      }
      context.report({ done, total, unit: "bytes" });
      return { destinations: folders, files: results.length * folders.length, bytes: done };
    });
  }

  /** All results of the round; the segments are only their raw material, and deeper rounds have uploads of their own. */
  async function resultsOf(input: UploadInput): Promise<ResultFile[]> {
    const { prefix } = resultKeys(input.taskId, input.round);
    const found: ResultFile[] = [];
    for (const key of await storage.list(prefix)) {
      const name = key.slice(prefix.length);
      if (/^(segments|round-\d+)\//.test(name)) continue;
      found.push({ key, name, bytes: (await storage.size(key)) ?? 0 });
    }
    return found;
  }

  async function copyOut(file: ResultFile, folder: string, context: StepContext): Promise<void> {
    const target = join(folder, file.name);
    const temporary = `${target}.part-${context.attempt}`;
    await mkdir(dirname(target), { recursive: true });
    try {
      await pipeline(await storage.stream(file.key), createWriteStream(temporary), { signal: context.signal });
      await flush(temporary);
      const { size } = await stat(temporary);
      if (size !== file.bytes) throw new Error(`${file.name}: ${size} of ${file.bytes} bytes were written to ${folder}`);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  return { uploadResults };
}
