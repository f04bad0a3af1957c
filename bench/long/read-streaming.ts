import { setInterval } from "node:timers";
import { residentMb } from "./processes.ts";

/** Reads an answer to its end and keeps nothing: its bytes, and by how much the process that sends it grew meanwhile. */
export async function readStreaming(url: string, pid: number): Promise<{ bytes: number; moreMb: number }> {
  const before = residentMb(pid) ?? 0;
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMb(pid) ?? 0)), 20);
  try {
    const answer = await fetch(url);
    if (!answer.ok || answer.body === null) throw new Error(`${url}: ${answer.status}`);
    let bytes = 0;
    for await (const chunk of answer.body) bytes += (chunk as Uint8Array).length;
    return { bytes, moreMb: most - before };
  } finally {
    clearInterval(watch);
  }
}
