import { readdirSync, readFileSync } from "node:fs";
import { setInterval } from "node:timers";

/** What /proc says. Linux alone: RSS of other processes, and of children that live for seconds, cannot be had elsewhere without a tool. */

export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  /** Resident memory in MB by name; of ffmpeg: all that run, together. */
  mb: Record<string, number>;
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has ended.
    return null;
  }
};

export function residentMb(pid: number): number | null {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "");
  return found === null ? null : Number(found[1]) / 1024;
}

/** ffmpeg's processes among the descendants of these. */
function ffmpegsOf(ancestors: number[]): number[] {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const found = /^\d+ \((.*)\) \S (\d+) /s.exec(read(`/proc/${entry}/stat`) ?? "");
    if (found !== null) parents.set(Number(entry), { name: found[1]!, parent: Number(found[2]) });
  }
  const isOurs = (pid: number): boolean => {
    for (let at = parents.get(pid)?.parent; at !== undefined && at > 1; at = parents.get(at)?.parent) if (ancestors.includes(at)) return true;
    return false;
  };
  return [...parents].filter(([pid, { name }]) => name === "ffmpeg" && isOurs(pid)).map(([pid]) => pid);
}

/** Looks twice a second, until it is stopped. */
export function watchMemory(pids: () => Record<string, number | undefined>): { samples: Sample[]; stop(): void } {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const mb: Record<string, number> = {};
    const named = Object.entries(pids()).filter((entry): entry is [string, number] => entry[1] !== undefined);
    for (const [name, pid] of named) {
      const resident = residentMb(pid);
      if (resident !== null) mb[name] = resident;
    }
    const decoders = ffmpegsOf(named.map(([, pid]) => pid)).flatMap((pid) => residentMb(pid) ?? []);
    if (decoders.length > 0) mb["ffmpeg"] = decoders.reduce((sum, one) => sum + one, 0);
    samples.push({ at: Date.now(), mb });
  }, 500);
  return { samples, stop: () => clearInterval(timer) };
}
