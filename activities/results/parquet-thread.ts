import { parentPort, workerData } from "node:worker_threads";
import type { ThreadMessage } from "./in-thread.ts";
import { writeParquetFile, type ParquetJob } from "./parquet-file.ts";

/** The thread that writes tracks.parquet: its job comes as workerData (parquet.ts). */

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window has an origin, a thread has none
const say = (message: ThreadMessage<null>): void => parentPort?.postMessage(message);
await writeParquetFile(workerData as ParquetJob, (frame) => say({ done: frame + 1 }));
say({ result: null });
