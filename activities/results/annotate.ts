import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readJson } from "../../adapters/storage/storage.ts";
import { assEvents, assHead, borderBefore, FINEST_FRAME_S } from "../../domain/ass.ts";
import type { PacketIndex, VideoInfo } from "../../domain/detections.ts";
import { resultKeys, videoKeys } from "../../domain/layout.ts";
import type { ExportResultsInput, ExportResultsOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { publish } from "./publish.ts";
import { readResultMetadata, readResultRows, REPORT_EVERY } from "./result-file.ts";
import { frameSkipOf } from "./settings.ts";

/** Seconds after the first frame, of every frame. */
export function frameTimes({ pts, time_base: [numerator, denominator] }: PacketIndex): number[] {
  const first = pts[0] ?? 0;
  return pts.map((ticks) => ((ticks - first) * numerator) / denominator);
}

/** annotated.mp4: boxes, skeletons, keypoints, ids and the time drawn into the video, with its frames and times. */
export const createAnnotateStep = ({ storage, video, workFolder }: Pick<Deps, "storage" | "video" | "workFolder">) =>
  async function annotateVideo({ taskId, round }: ExportResultsInput): Promise<ExportResultsOutput> {
    return await longStep(({ signal, report, log }) =>
      withScratch(workFolder, async (scratch) => {
        const keys = resultKeys(taskId, round);
        const source = await storage.localPath((await readJson<VideoInfo>(storage, videoKeys(taskId).meta)).source_key);
        const times = frameTimes(await readJson<PacketIndex>(storage, videoKeys(taskId).packets));
        const result = await storage.localPath(keys.result);
        const metadata = await readResultMetadata(result);
        const stride = frameSkipOf(metadata) + 1;
        async function* script(): AsyncGenerator<string> {
          yield assHead(metadata);
          for await (const row of readResultRows(result)) {
            if (row.frame % REPORT_EVERY === 0) report({ done: 0, total: times.length, unit: "frames", message: "preparing the drawing" });
            // Frames that were skipped show the last drawn state; frames that were never to be processed show none.
            yield assEvents({ row, metadata, from: borderBefore(times, row.frame), to: borderBefore(times, row.frame + stride) });
          }
        }
        const subtitles = join(scratch, "drawing.ass");
        await pipeline(script, createWriteStream(subtitles), { signal });

        const notes = notesOn(times);
        for (const note of notes) log(note);
        const total = times.length;
        const output = join(scratch, "annotated.mp4");
        const onProgress = (done: number) => report({ done, total, unit: "frames", message: "drawing the results into the video" });
        await video.drawSubtitles({ file: source, subtitles, output, onProgress, signal });
        return { ...(await publish(storage, keys.annotated, output)), ...(notes.length > 0 ? { notes } : {}) };
      }),
    );
  };

/** What a viewer of the annotated video should know. */
function notesOn(times: number[]): string[] {
  const close = times.filter((time, i) => i > 0 && time - (times[i - 1] ?? 0) <= FINEST_FRAME_S).length;
  if (close === 0) return [];
  return [`In the annotated video, drawings can be one frame off: ${close} frames follow the one before within ${FINEST_FRAME_S} s, and subtitles know hundredths of a second only. result.json and tracks.csv are exact.`];
}
