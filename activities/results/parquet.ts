import type { Deps } from "../deps.ts";
import { fromResult } from "./from-result.ts";
import { runInThread } from "./in-thread.ts";

/** tracks.parquet: the table of tracks.csv, typed and compressed. In a thread: a row group is encoded at one go. */
export const createParquetStep = (deps: Pick<Deps, "storage" | "workFolder">) =>
  fromResult(deps, {
    key: (keys) => keys.tracksParquet,
    write: ({ result, file, signal, onFrame }) => runInThread<void>(new URL("./parquet-thread.mjs", import.meta.url), { result, output: file }, { signal, onDone: onFrame }),
  });
