import type { Deps } from "./deps.ts";
import { createAnnotateStep } from "./results/annotate.ts";
import { createCsvStep } from "./results/csv.ts";
import { createDlcStep } from "./results/dlc.ts";
import { createJoinStep } from "./results/join.ts";
import { createLabelsStep } from "./results/labels.ts";
import { createNotebookStep } from "./results/notebook.ts";
import { createParquetStep } from "./results/parquet.ts";
import { createQualityStep } from "./results/quality.ts";
import { createReportStep } from "./results/report.ts";
import { createViaTracksStep } from "./results/via-tracks.ts";

/** The queue `results`: segments joined into result.json, and what is made of it. */
export const createResultSteps = (deps: Pick<Deps, "storage" | "video" | "workFolder">) => ({
  joinSegments: createJoinStep(deps),
  assessQuality: createQualityStep(deps),
  exportCsv: createCsvStep(deps),
  exportDlc: createDlcStep(deps),
  exportViaTracks: createViaTracksStep(deps),
  exportParquet: createParquetStep(deps),
  exportLabels: createLabelsStep(deps),
  annotateVideo: createAnnotateStep(deps),
  writeNotebook: createNotebookStep(deps),
  writeReport: createReportStep(deps),
});
