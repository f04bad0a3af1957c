import { readFile } from "node:fs/promises";

/** Of all processes of this machine, or of the host where this is a container. */
const WHOLE_MACHINE = "/proc/vmstat";

/**
 * Files in which Linux counts the processes that it ended because memory ran out: of this process's own cgroup (v2), and
 * of the whole machine. Both have a line `oom_kill N`. There are none on other systems.
 */
export async function oomCounters(): Promise<string[]> {
  const groups = await readFile("/proc/self/cgroup", "utf8").catch(() => "");
  const own = /^0::(\/.*)$/m.exec(groups)?.[1];
  return [...(own === undefined ? [] : [`/sys/fs/cgroup${own === "/" ? "" : own}/memory.events`]), WHOLE_MACHINE];
}

/** What the first readable of these files says; null where none does, so that nobody can tell. */
export async function countOomKills(counters: string[]): Promise<number | null> {
  for (const path of counters) {
    const content = await readFile(path, "utf8").catch(() => "");
    const count = /^oom_kill (\d+)$/m.exec(content)?.[1];
    if (count !== undefined) return Number(count);
  }
  return null;
}
