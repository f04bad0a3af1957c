import { runInThread, type ThreadMessage } from "./in-thread.ts";
import type { JoinJob, JoinResult } from "./join-files.ts";

export type JoinMessage = ThreadMessage<JoinResult>;

/** Joins in a thread of its own: tracking hours of video takes minutes of computing. */
export const joinInThread = (job: JoinJob, { signal, onFrames }: { signal: AbortSignal; onFrames: (done: number) => void }): Promise<JoinResult> =>
  runInThread<JoinResult>(new URL("./join-thread.mjs", import.meta.url), job, { signal, onDone: onFrames });
