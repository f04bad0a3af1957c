import { copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { readTools } from "../../scripts/tools.ts";
import { exec, type Lab } from "./results.test-suite.ts";

export const readers = ((): string | null => {
  try {
    return readTools().readers ?? null;
  } catch {
    return null;
  }
})();
export const noReaders = "no readers: run `bash scripts/setup.sh --test`";

/** What other people's readers (test/readers) find in files, opened outside of the storage: by kind and path. */
export async function openWith<T extends unknown[]>(files: [kind: string, file: string][]): Promise<T> {
  const { stdout } = await exec(readers!, ["test/readers/read.py", ...files.flat()], { maxBuffer: 1e9 });
  return JSON.parse(stdout) as T;
}

/** The outputs as a person has them: in a folder of their own. */
export async function takeOut(lab: Lab, keys: string[]): Promise<string> {
  const folder = join(lab.folder, "taken");
  await mkdir(folder, { recursive: true });
  for (const key of keys) await copyFile(await lab.storage.localPath(key), join(folder, basename(key)));
  return folder;
}
