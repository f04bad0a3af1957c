import { parentPort } from "node:worker_threads";
import type { Detection } from "../../domain/detections.ts";
import { messageOf } from "../../domain/errors.ts";
import { END, ThreadProblem, type Numbered, type Reply } from "./thread-messages.ts";

/** Answers each request that comes to this worker thread; `handle` says itself how many run at once. */
export function answerRequests(handle: (request: never) => Promise<Detection[][]>): void {
  const port = parentPort;
  if (port === null) throw new Error("this is the entry of a worker thread");
  const answer = async (request: Numbered<object>): Promise<Reply> => {
    try {
      return { id: request.id, ok: true, detections: await handle(request as never) };
    } catch (error) {
      return { id: request.id, ok: false, problem: error instanceof ThreadProblem ? error.problem : "failed", message: messageOf(error) };
    }
  };
  port.on("message", (request: Numbered<object> | typeof END) => {
    // Of this thread alone.
    if (request === END) process.exit(0);
    void answer(request).then((reply) => port.postMessage(reply));
  });
}
