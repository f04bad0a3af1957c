import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { resultKeys } from "../../domain/layout.ts";
import { makeNotebook, notebookFacts } from "../../domain/notebook.ts";
import type { ExportResultsInput, ExportResultsOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { publish } from "./publish.ts";
import { readResultMetadata, readResultRows, REPORT_EVERY } from "./result-file.ts";
import { frameSkipOf } from "./settings.ts";

/** notebook.ipynb: reads the tracks.csv beside it; what else it must know of the task is written into it. */
export const createNotebookStep = ({ storage, workFolder }: Pick<Deps, "storage" | "workFolder">) =>
  async function writeNotebook({ taskId, round }: ExportResultsInput): Promise<ExportResultsOutput> {
    return await longStep(({ signal, report }) =>
      withScratch(workFolder, async (scratch) => {
        const keys = resultKeys(taskId, round);
        const result = await storage.localPath(keys.result);
        const metadata = await readResultMetadata(result);
        const rows = { processed: 0, lastFrame: -1 };
        for await (const { frame } of readResultRows(result)) {
          signal.throwIfAborted();
          rows.processed += 1;
          rows.lastFrame = frame;
          if (frame % REPORT_EVERY === 0) report({ done: frame + 1, total: metadata.num_frames, unit: "frames", message: "writing the notebook" });
        }
        const file = join(scratch, "notebook.ipynb");
        await writeFile(file, `${JSON.stringify(makeNotebook(notebookFacts(metadata, rows, frameSkipOf(metadata))), null, 1)}\n`);
        return await publish(storage, keys.notebook, file);
      }),
    );
  };
