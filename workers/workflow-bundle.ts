import { bundleWorkflowCode, type Logger, type WorkflowBundle, type WorkflowBundlePath } from "@temporalio/worker";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Of } from "../domain/hash.ts";

const PREFIX = "workflows-";

/** What workflows consist of: they may import nothing else of ours, and the lock file names what they import from others. */
async function sources(root: string): Promise<string[]> {
  const ours = await Promise.all(["workflows", "domain"].map(async (room) => (await readdir(join(root, room), { recursive: true })).filter((name) => name.endsWith(".ts") && !name.includes(".test")).map((name) => join(room, name))));
  return [...ours.flat().toSorted(), "package-lock.json"];
}

async function hashOf(root: string, files: string[]): Promise<string> {
  const texts = await Promise.all(files.map(async (file) => `${file}\0${await readFile(join(root, file), "utf8")}`));
  return sha256Of(texts.join("\0")).slice(0, 16);
}

/**
 * The code that workers run workflows from: webpack makes it of workflows/ in seconds of CPU, and dist/ keeps it under the hash of its sources,
 * so that a worker that starts again, and each of many tests, has it at once. Where dist/ cannot be written it is made anew each time.
 * `root`: the folder that holds all three.
 * Throws where the sources hold what may not run in a workflow.
 */
export async function workflowBundle({ logger, root = join(import.meta.dirname, "..") }: { logger?: Logger; root?: string } = {}): Promise<WorkflowBundle | WorkflowBundlePath> {
  const name = `${PREFIX}${await hashOf(root, await sources(root))}.js`;
  const folder = join(root, "dist");
  const codePath = join(folder, name);
  if ((await stat(codePath).catch(() => null)) !== null) return { codePath };
  const { code } = await bundleWorkflowCode({ workflowsPath: join(root, "workflows", "index.ts"), ...(logger === undefined ? {} : { logger }) });
  try {
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `.${randomUUID()}`);
    await writeFile(temporary, code);
    await rename(temporary, codePath);
    for (const other of await readdir(folder)) if (other.startsWith(PREFIX) && other !== name) await rm(join(folder, other), { force: true });
    return { codePath };
  } catch {
    return { code };
  }
}
