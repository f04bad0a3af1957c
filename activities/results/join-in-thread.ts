import { Worker } from "node:worker_threads";
import type { JoinJob, JoinResult } from "./join-files.ts";

/** What the thread says: how far it is, and at its end what it made. */
export type JoinMessage = { done: number } | { result: JoinResult };

/** Joins in a thread of its own: hours of video must not hold up the heartbeats of this worker's other steps. */
export function joinInThread(job: JoinJob, options: { signal: AbortSignal; onFrames: (done: number) => void }): Promise<JoinResult> {
  const { signal, onFrames } = options;
  const thread = new Worker(new URL("./join-thread.mjs", import.meta.url), { workerData: job, execArgv: [] });
  return new Promise<JoinResult>((resolve, reject) => {
    const stop = () => void thread.terminate();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    thread.on("message", (message: JoinMessage) => ("result" in message ? resolve(message.result) : onFrames(message.done)));
    thread.on("error", reject);
    thread.on("exit", (code) => {
      signal.removeEventListener("abort", stop);
      reject(signal.aborted ? signal.reason : new Error(`the joining thread ended with code ${code} and no result`));
    });
  });
}
