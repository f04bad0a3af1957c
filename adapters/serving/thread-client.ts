import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Detection } from "../../domain/detections.ts";
import { END, ThreadProblem, type Numbered, type Reply } from "./thread-messages.ts";

export interface ThreadClient<Request> {
  /** Rejects with ThreadProblem. */
  ask(request: Request, transfer?: ArrayBuffer[]): Promise<Detection[][]>;
  /** What is open fails, and the thread ends after what it is just at; the next request starts another. */
  close(): Promise<void>;
}

/** Requests to and answers of a worker thread, which starts with the first request. When it dies, all that is open fails, `onDeath` is told, and the next request starts another. */
export function createThreadClient<Request extends object>(options: { entry: string; onDeath: () => void }): ThreadClient<Request> {
  let worker: Worker | null = null;
  let lastId = 0;
  const open = new Map<number, { resolve: (detections: Detection[][]) => void; reject: (error: Error) => void }>();

  /** Whatever is open fails. */
  const leave = (cause?: unknown): void => {
    worker = null;
    for (const { reject } of open.values()) reject(new ThreadProblem("failed", "the thread that runs models has ended", { cause }));
    open.clear();
  };

  const start = (): Worker => {
    const started = new Worker(new URL("./thread.mjs", import.meta.url), { execArgv: [], workerData: options.entry });
    const died = (cause: unknown): void => {
      if (worker !== started) return;
      leave(cause);
      options.onDeath();
    };
    started.on("message", (reply: Reply) => {
      const waiting = open.get(reply.id);
      open.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.detections);
      else waiting?.reject(new ThreadProblem(reply.problem, reply.message));
    });
    started.on("error", died);
    started.on("exit", died);
    return started;
  };

  return {
    ask: (request, transfer = []) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        lastId += 1;
        open.set(lastId, { resolve, reject });
        worker.postMessage({ ...request, id: lastId } satisfies Numbered<Request>, transfer);
      }),
    async close() {
      const ending = worker;
      leave();
      if (ending === null) return;
      const ended = once(ending, "exit");
      ending.postMessage(END);
      await ended;
    },
  };
}
