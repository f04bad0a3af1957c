import { writeFile } from "node:fs/promises";
import { makeNotebook, notebookFacts } from "../../domain/notebook.ts";
import type { Deps } from "../deps.ts";
import { fromResult } from "./from-result.ts";
import { frameSkipOf } from "./settings.ts";

/** notebook.ipynb: reads the tracks.csv beside it; what else it must know of the task is written into it. */
export const createNotebookStep = (deps: Pick<Deps, "storage" | "workFolder">) =>
  fromResult(deps, {
    key: (keys) => keys.notebook,
    async write({ metadata, rows, file }) {
      const seen = { processed: 0, lastFrame: -1 };
      for await (const { frame } of rows()) {
        seen.processed += 1;
        seen.lastFrame = frame;
      }
      await writeFile(file, `${JSON.stringify(makeNotebook(notebookFacts(metadata, seen, frameSkipOf(metadata))), null, 1)}\n`);
    },
  });
