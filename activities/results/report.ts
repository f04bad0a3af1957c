import { basename } from "node:path";
import { writeFile } from "node:fs/promises";
import { readJsonIfThere } from "../../adapters/storage/storage.ts";
import { resultKeys } from "../../domain/layout.ts";
import { assess } from "../../domain/quality/assess.ts";
import type { Quality } from "../../domain/quality/quality.ts";
import { createFigures } from "../../domain/report/figures.ts";
import { reportHtml } from "../../domain/report/report.ts";
import type { ExportResultsInput, ExportResultsOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { fromResult } from "./from-result.ts";
import { frameSkipOf } from "./settings.ts";

/** report.html: the quality and the notebook's figures, in one file that needs nothing else. */
export const createReportStep = (deps: Pick<Deps, "storage" | "workFolder">) =>
  async function writeReport(input: ExportResultsInput): Promise<ExportResultsOutput> {
    const step = fromResult(deps, {
      key: (keys) => keys.report,
      async write({ metadata, rows, file, keys }) {
        // A task of an earlier version has none.
        const quality = (await readJsonIfThere<Quality>(deps.storage, keys.quality)) ?? (await assess(metadata, frameSkipOf(metadata) + 1, rows));
        const figures = createFigures(metadata, quality);
        for await (const row of rows()) figures.push(row);
        const video = input.settings.outputs.includes("video") ? basename(resultKeys(input.taskId, input.round).annotated) : null;
        await writeFile(file, reportHtml({ metadata, quality, figures: figures.finish(), video }));
      },
    });
    return await step(input);
  };
