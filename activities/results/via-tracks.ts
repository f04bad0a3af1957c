import { VIA_HEADER, viaLines } from "../../domain/via-tracks.ts";
import type { Deps } from "../deps.ts";
import { fromResult, writeTexts } from "./from-result.ts";

/** via-tracks.csv: boxes as the VGG Image Annotator exports tracks. */
export const createViaTracksStep = (deps: Pick<Deps, "storage" | "workFolder">) =>
  fromResult(deps, {
    key: (keys) => keys.viaTracksCsv,
    write: (result) =>
      writeTexts(result, async function* lines() {
        yield VIA_HEADER;
        for await (const row of result.rows()) yield viaLines(row, result.metadata);
      }),
  });
