import { createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { resultKeys } from "../../domain/layout.ts";
import type { ResultMetadata, ResultRow } from "../../domain/result.ts";
import type { ExportResultsInput, ExportResultsOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { publish } from "./publish.ts";
import { readResultMetadata, readResultRows, REPORT_EVERY } from "./result-file.ts";

export interface FromResult {
  metadata: ResultMetadata;
  /** From the first row on, each time it is called; says how far it is and ends when the step is cancelled. */
  rows: () => AsyncGenerator<ResultRow>;
  /** Path of result.json, for what reads it in another thread; that then says by onFrame how far it is. */
  result: string;
  onFrame: (frame: number) => void;
  /** Where the output is to be written. */
  file: string;
  signal: AbortSignal;
  keys: ReturnType<typeof resultKeys>;
}

export interface OutputKind {
  key: (keys: ReturnType<typeof resultKeys>) => string;
  /** How often `write` goes over the rows. */
  passes?: number;
  /** Writes the whole file; what a person should know of it, if anything. */
  write: (result: FromResult) => Promise<string[] | void>;
}

/** A step that makes one file of result.json, a row at a time, and publishes it whole. */
export const fromResult = ({ storage, workFolder }: Pick<Deps, "storage" | "workFolder">, { key, passes = 1, write }: OutputKind) =>
  async ({ taskId, round }: ExportResultsInput): Promise<ExportResultsOutput> =>
    await longStep(({ signal, report, log }) =>
      withScratch(workFolder, async (scratch) => {
        const keys = resultKeys(taskId, round);
        const name = basename(key(keys));
        const file = join(scratch, name);
        const result = await storage.localPath(keys.result);
        const metadata = await readResultMetadata(result);
        const say = (done: number): void => report({ done: Math.min(metadata.num_frames, Math.floor(done)), total: metadata.num_frames, unit: "frames", message: `writing ${name}` });
        let pass = 0;
        async function* rows(): AsyncGenerator<ResultRow> {
          const done = pass * metadata.num_frames;
          pass += 1;
          for await (const row of readResultRows(result)) {
            signal.throwIfAborted();
            if (row.frame % REPORT_EVERY === 0) say((done + row.frame + 1) / passes);
            yield row;
          }
        }
        const notes = (await write({ metadata, rows, result, onFrame: say, file, signal, keys })) ?? [];
        for (const note of notes) log(note);
        return { ...(await publish(storage, key(keys), file)), ...(notes.length > 0 ? { notes } : {}) };
      }),
    );

/** Texts into the file as they come. */
export const writeTexts = ({ file, signal }: Pick<FromResult, "file" | "signal">, texts: () => AsyncGenerator<string>): Promise<void> => pipeline(texts, createWriteStream(file), { signal });
