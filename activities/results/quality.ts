import { writeFile } from "node:fs/promises";
import { assess } from "../../domain/quality/assess.ts";
import type { Deps } from "../deps.ts";
import { fromResult } from "./from-result.ts";
import { frameSkipOf } from "./settings.ts";

/** quality.json: how far the results can be trusted, and where to look. */
export const createQualityStep = (deps: Pick<Deps, "storage" | "workFolder">) =>
  fromResult(deps, {
    key: (keys) => keys.quality,
    passes: 2,
    async write({ metadata, rows, file }) {
      await writeFile(file, `${JSON.stringify(await assess(metadata, frameSkipOf(metadata) + 1, rows))}\n`);
    },
  });
