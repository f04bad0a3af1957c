import type { Deps } from "./deps.ts";
import { createAnnotateStep } from "./results/annotate.ts";
import { createCsvStep } from "./results/csv.ts";
import { createJoinStep } from "./results/join.ts";
import { createNotebookStep } from "./results/notebook.ts";

/** The queue `results`: segments joined into result.json, and what is made of it. */
export const createResultSteps = (deps: Pick<Deps, "storage" | "video" | "workFolder">) => ({
  joinSegments: createJoinStep(deps),
  exportCsv: createCsvStep(deps),
  annotateVideo: createAnnotateStep(deps),
  writeNotebook: createNotebookStep(deps),
});
