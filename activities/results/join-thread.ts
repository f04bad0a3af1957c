import { parentPort, workerData } from "node:worker_threads";
import { joinFiles, type JoinJob } from "./join-files.ts";
import type { JoinMessage } from "./join-in-thread.ts";

/** The joining thread: its job comes as workerData (join-in-thread.ts). */

/** Progress goes out at this pace: more often than anybody reads it would cost time. */
const REPORT_MS = 500;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window has an origin, a thread has none
const say = (message: JoinMessage): void => parentPort?.postMessage(message);
let reported = Date.now();
const result = await joinFiles(workerData as JoinJob, (done) => {
  if (Date.now() - reported < REPORT_MS) return;
  reported = Date.now();
  say({ done });
});
say({ result });
