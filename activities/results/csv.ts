import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { csvHeader, csvLines } from "../../domain/csv.ts";
import { resultKeys } from "../../domain/layout.ts";
import type { ExportResultsInput, ExportResultsOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { publish } from "./publish.ts";
import { readResultMetadata, readResultRows, REPORT_EVERY } from "./result-file.ts";

/** tracks.csv from result.json, a row at a time. */
export const createCsvStep = ({ storage, workFolder }: Pick<Deps, "storage" | "workFolder">) =>
  async function exportCsv({ taskId, round }: ExportResultsInput): Promise<ExportResultsOutput> {
    return await longStep(({ signal, report }) =>
      withScratch(workFolder, async (scratch) => {
        const keys = resultKeys(taskId, round);
        const result = await storage.localPath(keys.result);
        const metadata = await readResultMetadata(result);
        const file = join(scratch, "tracks.csv");
        async function* lines(): AsyncGenerator<string> {
          yield `${csvHeader(metadata)}\n`;
          for await (const row of readResultRows(result)) {
            if (row.frame % REPORT_EVERY === 0) report({ done: row.frame + 1, total: metadata.num_frames, unit: "frames", message: "writing tracks.csv" });
            yield csvLines(row, metadata).map((line) => `${line}\n`).join("");
          }
        }
        await pipeline(lines, createWriteStream(file), { signal });
        return await publish(storage, keys.tracksCsv, file);
      }),
    );
  };
