import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readJson } from "../../adapters/storage/storage.ts";
import { ASS_CLOCK } from "../../domain/ass.ts";
import type { PacketIndex, VideoInfo } from "../../domain/detections.ts";
import { resultKeys, videoKeys } from "../../domain/layout.ts";
import { planSegments } from "../../domain/segments.ts";
import type { ExportResultsInput, ExportResultsOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { createPieceScripts } from "./piece-scripts.ts";
import { publish } from "./publish.ts";
import { readResultMetadata, readResultRows } from "./result-file.ts";
import { frameSkipOf } from "./settings.ts";

/** Of the video, drawn by one process: long enough that its start costs little, and short enough that its script does. */
const PIECE_S = 120;

/** annotated.mp4: trails, boxes, skeletons, keypoints, ids and the time drawn into the video, with its frames and times. */
export const createAnnotateStep = ({ storage, video, workFolder }: Pick<Deps, "storage" | "video" | "workFolder">) =>
  async function annotateVideo({ taskId, round, settings }: ExportResultsInput): Promise<ExportResultsOutput> {
    return await longStep(({ signal, report }) =>
      withScratch(workFolder, async (scratch) => {
        const keys = resultKeys(taskId, round);
        const info = await readJson<VideoInfo>(storage, videoKeys(taskId).meta);
        const index = await readJson<PacketIndex>(storage, videoKeys(taskId).packets);
        const file = await storage.localPath(info.source_key);
        const result = await storage.localPath(keys.result);
        const metadata = await readResultMetadata(result);
        const scripts = createPieceScripts({ rows: readResultRows(result), metadata, index, stride: frameSkipOf(metadata) + 1, fps: info.fps, trails: settings.annotate?.trails ?? true });

        const total = index.pts.length;
        const script = join(scratch, "drawing");
        const pieces = planSegments({ index, fps: info.fps, stride: 1, maxFrames: null, atLeast: Math.ceil(PIECE_S * info.fps) });
        const output = join(scratch, "annotated.mp4");
        try {
          await video.draw({
            file, index, width: info.width, height: info.height, pieces, clock: ASS_CLOCK, folder: scratch, output, signal,
            async scriptOf(piece) {
              const path = `${script}-${piece.index}.ass`;
              await pipeline(() => scripts.of(piece), createWriteStream(path), { signal });
              // Its own piece is done.
              await rm(`${script}-${piece.index - 2}.ass`, { force: true });
              return path;
            },
            onProgress: (done) => report({ done, total, unit: "frames", message: "drawing the results into the video" }),
          });
        } finally {
          await scripts.close();
        }
        return await publish(storage, keys.annotated, output);
      }),
    );
  };
