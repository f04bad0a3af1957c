// Node 20 runs no TypeScript in a worker thread started with `--import tsx`: the loader is registered here instead.
import { workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
await import(workerData);
