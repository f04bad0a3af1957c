import { MockActivityEnvironment } from "@temporalio/testing";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import { createVideoTools } from "../../adapters/video/ffmpeg.ts";
import type { FrameDetections, VideoInfo } from "../../domain/detections.ts";
import { resultKeys, videoKeys } from "../../domain/layout.ts";
import { RESULT_TAIL, resultHead, resultRow } from "../../domain/result-lines.ts";
import type { ResultMetadata, ResultRow } from "../../domain/result.ts";
import { createResultSteps } from "../results.ts";

/** What the tests of the queue `results` share: a task in a temporary folder, with a small real video. */

export const exec = promisify(execFile);
export const TASK = "0test0result";
export const INPUT = { taskId: TASK, round: 1 };

export interface Lab {
  folder: string;
  storage: ReturnType<typeof createLocalStorage>;
  steps: ReturnType<typeof createResultSteps>;
  video: ReturnType<typeof createVideoTools>;
  /** As a worker runs it, heartbeats included. */
  run<I, O>(step: (input: I) => Promise<O>, input: I): Promise<O>;
  /** A video from ffmpeg's own arguments, downloaded as the step `download` would have left it. */
  addVideo(options: { args: string[]; width: number; height: number; fps: number }): Promise<VideoInfo>;
  addResult(metadata: Partial<ResultMetadata>, rows: ResultRow[]): Promise<void>;
  addSegments(plan: string, segments: FrameDetections[][]): Promise<void>;
  remove(): Promise<void>;
}

export async function makeLab(): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), "actverse-results-"));
  const storage = createLocalStorage({ root: join(folder, "data") });
  const video = createVideoTools({ threads: 1 });
  const steps = createResultSteps({ storage, video, workFolder: join(folder, "work") });
  const put = (key: string, content: unknown) => storage.put(key, JSON.stringify(content));
  return {
    folder,
    storage,
    steps,
    video,
    run: (step, input) => new MockActivityEnvironment().run(step, input),
    async addVideo({ args, width, height, fps }) {
      const file = join(folder, "source.mp4");
      await exec("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", file]);
      const index = await video.index({ file });
      const keys = videoKeys(TASK);
      const info = { task_id: TASK, source_key: keys.source("mp4"), browser_key: keys.source("mp4"), width, height, fps, num_frames: index.pts.length, start_time: 0 } as VideoInfo;
      await storage.put(keys.source("mp4"), { file });
      await put(keys.meta, info);
      await put(keys.packets, index);
      return info;
    },
    async addResult(metadata, rows) {
      const whole = { origin_width: 160, origin_height: 96, fps: 25, num_frames: rows.length, classes: ["fly"], body_parts: [], skeleton: [], task_id: TASK, model: { name: TASK, version: 1 }, settings: {}, ...metadata } as unknown as ResultMetadata;
      await storage.put(resultKeys(TASK, 1).result, resultHead(whole) + rows.map((row, i) => resultRow(row, i === 0)).join("") + RESULT_TAIL);
    },
    async addSegments(plan, segments) {
      for (const [i, frames] of segments.entries()) await storage.put(resultKeys(TASK, 1).segment(plan, i), frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** One animal without keypoints: a normalised box. */
export const rowOf = (frame: number, timestamp: number, animals: { id: string; box: [number, number, number, number] }[]): ResultRow => ({
  frame,
  timestamp,
  ids: animals.map((a) => a.id),
  boxes: animals.map((a) => a.box),
  boxes_score: animals.map(() => 0.9),
  keypoints: animals.map(() => []),
  keypoints_score: animals.map(() => []),
  smoothed_keypoints: animals.map(() => []),
  class_ids: animals.map(() => 0),
});

/** Presentation times of the frames as ffprobe decodes them, seconds. */
export async function frameTimesOf(file: string): Promise<number[]> {
  const { stdout } = await exec("ffprobe", ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "csv=p=0", file], { maxBuffer: 1e8 });
  // Side data of a frame adds lines without a time.
  return stdout.split("\n").map((line) => Number.parseFloat(line)).filter((time) => !Number.isNaN(time));
}

/** Grey values of every frame, `width * height` bytes each. */
export async function greyFrames(file: string, width: number, height: number): Promise<Buffer[]> {
  const { stdout } = await exec("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-fps_mode", "passthrough", "-vf", "format=gray", "-f", "rawvideo", "-"], { maxBuffer: 1e9, encoding: "buffer" });
  return Array.from({ length: stdout.length / (width * height) }, (_, i) => stdout.subarray(i * width * height, (i + 1) * width * height));
}

