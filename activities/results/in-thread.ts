import { Worker } from "node:worker_threads";

/** What a thread says: how far it is, and at its end what it made. */
export type ThreadMessage<Result> = { done: number } | { result: Result };

/** Work in a thread of its own, whose entry says ThreadMessages: it must not hold up the heartbeats of this worker's other steps. `job` comes there as workerData. */
export function runInThread<Result>(entry: URL, job: object, options: { signal: AbortSignal; onDone: (done: number) => void }): Promise<Result> {
  const { signal, onDone } = options;
  const thread = new Worker(entry, { workerData: job, execArgv: [] });
  return new Promise<Result>((resolve, reject) => {
    const stop = () => void thread.terminate();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    thread.on("message", (message: ThreadMessage<Result>) => ("result" in message ? resolve(message.result) : onDone(message.done)));
    thread.on("error", reject);
    thread.on("exit", (code) => {
      signal.removeEventListener("abort", stop);
      reject(signal.aborted ? signal.reason : new Error(`the thread of ${entry.pathname} ended with code ${code} and no result`));
    });
  });
}
