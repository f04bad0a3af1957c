import { dlcEmptyLine, dlcHeader, dlcLine, type DlcTable } from "../../domain/dlc.ts";
import type { Deps } from "../deps.ts";
import { fromResult, writeTexts } from "./from-result.ts";

/** So many ids are no animals but pieces of tracks, and each has columns of its own in every row. */
const MANY_IDS = 100;

/** dlc.csv: poses as DeepLabCut writes them. Its header names every id, so the rows are read twice. */
export const createDlcStep = (deps: Pick<Deps, "storage" | "workFolder">) =>
  fromResult(deps, {
    key: (keys) => keys.dlcCsv,
    passes: 2,
    async write(result) {
      const found = new Set<string>();
      for await (const { ids } of result.rows()) for (const id of ids) found.add(id);
      const table: DlcTable = { metadata: result.metadata, ids: [...found].sort((a, b) => Number(a) - Number(b)) };
      await writeTexts(result, async function* lines() {
        yield dlcHeader(table);
        let next = 0;
        for await (const row of result.rows()) {
          for (; next < row.frame; next += 1) yield dlcEmptyLine(next, table);
          yield dlcLine(row, table);
          next = row.frame + 1;
        }
        for (; next < result.metadata.num_frames; next += 1) yield dlcEmptyLine(next, table);
      });
      return found.size > MANY_IDS ? [`dlc.csv has columns for ${found.size} ids: with the number of animals (num_animals) given there are no more ids than animals.`] : [];
    },
  });
