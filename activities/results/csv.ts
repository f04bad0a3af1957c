import { csvHeader, csvLines } from "../../domain/csv.ts";
import type { Deps } from "../deps.ts";
import { fromResult, writeTexts } from "./from-result.ts";

/** tracks.csv: a row per animal and frame. */
export const createCsvStep = (deps: Pick<Deps, "storage" | "workFolder">) =>
  fromResult(deps, {
    key: (keys) => keys.tracksCsv,
    write: (result) =>
      writeTexts(result, async function* lines() {
        yield `${csvHeader(result.metadata)}\n`;
        for await (const row of result.rows()) yield csvLines(row, result.metadata).map((line) => `${line}\n`).join("");
      }),
  });
