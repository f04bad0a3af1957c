import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** attempt-{host}-{pid}-{when that process began}-{random}: whose a folder is can be read from its name. */
const NAME = /^attempt-(.+)-(\d+)-(\d+)-[^-]+$/;

/** A folder for this attempt alone, removed at its end; after a kill -9 by the next worker that starts (removeAbandoned). */
export async function withScratch<T>(workFolder: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(workFolder, { recursive: true });
  const folder = await mkdtemp(join(workFolder, `attempt-${hostname()}-${process.pid}-${(await beginOf(process.pid)) ?? 0}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what attempts left whose process is gone. Those of other machines, which may share the folder, stay. Gives how many went. */
export async function removeAbandoned(workFolder: string): Promise<number> {
  const entries = await readdir(workFolder, { withFileTypes: true }).catch(() => []);
  let removed = 0;
  for (const entry of entries) {
    const path = join(workFolder, entry.name);
    const [, host, pid, began] = NAME.exec(entry.name) ?? [];
    if (host !== undefined) {
      if (host !== hostname() || (await beginOf(Number(pid))) === Number(began)) continue;
      await rm(path, { recursive: true, force: true });
      removed += 1;
    } else if (entry.isDirectory()) {
      // Steps may have a folder of their own for their attempts.
      removed += await removeAbandoned(path);
    }
  }
  return removed;
}

/** When a process began, in the kernel's ticks: a number that came to a new process is told from the old one's. 0 where the system does not say; null where there is no such process. */
async function beginOf(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  // The command in brackets may hold spaces; the 22nd field of all is the 20th after it.
  if (stat !== null) return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? 0);
  if (process.platform === "linux") return null;
  try {
    process.kill(pid, 0);
    return 0;
  } catch {
    return null;
  }
}
