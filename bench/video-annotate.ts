import { MockActivityEnvironment } from "@temporalio/testing";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createResultSteps } from "../activities/results.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { createVideoTools } from "../adapters/video/ffmpeg.ts";
import type { VideoInfo } from "../domain/detections.ts";
import { resultKeys, videoKeys } from "../domain/layout.ts";
import { RESULT_TAIL, resultHead, resultRow } from "../domain/result-lines.ts";
import type { ResultMetadata, ResultRow, Truth } from "../domain/result.ts";
import { settingsOf } from "../domain/settings.ts";
import { commandOf, median, rounded, spreadOf, type Bench, type BenchContext, type Figure } from "./figure.ts";
import { ffmpeg, inTurns, sampleVideo, withFolder, type Sample } from "./video/sample.ts";

const ANNOTATE = "annotate_vs_reencode";
const TASK = { taskId: "bench0000001", round: 1 };

const video = createVideoTools({});
const framesOf = async (file: string): Promise<number> => (await video.index({ file })).pts.length;

/** How long the annotated video takes beside a plain encoding. */
export const bench: Bench = {
  names: [ANNOTATE],
  run: (context) => withFolder(async (folder) => [await annotating(await sampleVideo(context), folder, context)]),
};

/** The real step on a result with boxes, skeletons, keypoints, ids and trails of three animals in every frame. */
async function annotating({ file, truth }: Sample, folder: string, { say }: BenchContext): Promise<Figure> {
  const storage = createLocalStorage({ root: join(folder, "data") });
  const keys = videoKeys(TASK.taskId);
  const source = keys.source("mp4");
  await storage.put(source, { file });
  await storage.put(keys.packets, JSON.stringify(await video.index({ file })));
  await storage.put(keys.meta, JSON.stringify({ task_id: TASK.taskId, source_key: source, width: truth.width, height: truth.height, fps: truth.fps, num_frames: truth.frames } satisfies Partial<VideoInfo>));
  await storage.put(resultKeys(TASK.taskId, 1).result, resultOf(truth));
  const { annotateVideo } = createResultSteps({ storage, video, workFolder: join(folder, "work") });
  const settings = settingsOf({ file_path: file, user_id: "bench" });

  const plain = join(folder, "plain.mp4");
  say("  drawing and encoding in turns");
  const { ratios, seconds } = await inTurns(
    async () => void (await new MockActivityEnvironment().run(annotateVideo, { ...TASK, settings })),
    async () => void (await ffmpeg("-i", file, "-map", "0:V:0", "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", "60", "-pix_fmt", "yuv420p", "-movflags", "+faststart", plain)),
  );
  const annotated = await storage.localPath(resultKeys(TASK.taskId, 1).annotated);
  const frames = [await framesOf(annotated), await framesOf(plain)];
  if (frames.some((count) => count !== truth.frames)) throw new Error(`${frames.join(" and ")} frames instead of ${truth.frames}`);
  const bytes = (await stat(annotated)).size / (await stat(plain)).size;
  return {
    name: ANNOTATE, value: rounded(median(ratios)), unit: "x the time of a plain encoding", goal: 1.25, better: "lower", spread: spreadOf(ratios.map((ratio) => rounded(ratio))), command: commandOf(ANNOTATE),
    note: `the step annotateVideo with everything drawn (${truth.tracks.length} animals, ${truth.keypoints.length} keypoints, trails) against x264 veryfast with its defaults; ${truth.frames} frames of ${truth.width}x${truth.height}, ${rounded(seconds[0], 1)} s against ${rounded(seconds[1], 1)} s; the file is ${rounded(bytes)} x as large`,
  };
}

function resultOf(truth: Truth): string {
  const { width, height, fps } = truth;
  const share = ([x, y]: readonly number[]): [number, number] => [(x ?? 0) / width, (y ?? 0) / height];
  const metadata = { origin_width: width, origin_height: height, fps, num_frames: truth.frames, classes: [truth.class], body_parts: truth.keypoints, skeleton: truth.skeleton ?? [], task_id: TASK.taskId, settings: {} } as unknown as ResultMetadata;
  const rows = truth.labels.map(({ frame, animals }, i): string => {
    const points = animals.map(({ keypoints }) => keypoints.map(share));
    const row: ResultRow = {
      frame, timestamp: frame / fps, ids: animals.map(({ track }) => String(truth.tracks.indexOf(track))),
      boxes: animals.map(({ box: [x1, y1, x2, y2] }) => [...share([x1, y1]), ...share([x2, y2])]), boxes_score: animals.map(() => 0.9),
      keypoints: points, keypoints_score: animals.map(({ keypoints }) => keypoints.map(([, , visible]) => visible)), smoothed_keypoints: points, class_ids: animals.map(() => 0),
    };
    return resultRow(row, i === 0);
  });
  return resultHead(metadata) + rows.join("") + RESULT_TAIL;
}
