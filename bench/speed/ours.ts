import { MockActivityEnvironment } from "@temporalio/testing";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInferenceSteps } from "../../activities/inference.ts";
import { createOnnxServing } from "../../adapters/serving/onnx.ts";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import type { VideoTools } from "../../adapters/video/video.ts";
import type { FrameDetections, ModelInfo, VideoInfo } from "../../domain/detections.ts";
import { modelKeys, videoKeys } from "../../domain/layout.ts";
import { letterboxFor, PADDING_GREY, type Size } from "../../domain/letterbox.ts";
import type { Truth } from "../../domain/result.ts";
import type { PlanInput, PlanOutput, SegmentOutput } from "../../domain/steps.ts";
import type { Timed } from "./rival.ts";

export interface Ours {
  info: ModelInfo;
  /** The input that the video's frames have. */
  size: Size;
  /** The steps of a task over the first frames; the model is loaded before. */
  pipeline: () => Promise<Timed & { rows: FrameDetections[] }>;
  close: () => Promise<void>;
}

const TASK = { taskId: "bench0000002", round: 1 };

export async function createOurs({ root, file, truth, name, model, video, inference }: { root: string; file: string; truth: Truth; name: string; model: string; video: VideoTools; inference: PlanInput["inference"] }): Promise<Ours> {
  const ref = { name, version: 1 };
  const storage = createLocalStorage({ root });
  const serving = createOnnxServing({ storage });
  const keys = videoKeys(TASK.taskId);
  const source = keys.source("mp4");
  await storage.put(modelKeys(name).onnx(ref.version), await readFile(model));
  await storage.put(source, { file });
  await storage.put(keys.packets, JSON.stringify(await video.index({ file })));
  await storage.put(keys.meta, JSON.stringify({ task_id: TASK.taskId, source_key: source, width: truth.width, height: truth.height, fps: truth.fps, num_frames: truth.frames } satisfies Partial<VideoInfo>));
  const info = await serving.load(ref);
  const steps = createInferenceSteps({ storage, video, serving });
  const { plan, segments } = (await new MockActivityEnvironment().run(steps.planInference, { ...TASK, model: ref, inference })) as PlanOutput;
  let runs = 0;
  return {
    info,
    size: letterboxFor(truth, info).input,
    close: () => serving.close(),
    async pipeline() {
      runs += 1;
      const outputs: SegmentOutput[] = [];
      const [began, cpu] = [performance.now(), cpuSeconds()];
      for (const segment of segments) outputs.push(await new MockActivityEnvironment().run(steps.inferSegment, { ...TASK, model: ref, plan: `${plan}-${name}-${runs}`, segment, inference }));
      const timed = { seconds: (performance.now() - began) / 1000, cpu: cpuSeconds() - cpu };
      const texts = await Promise.all(outputs.map(async ({ key }) => (await storage.read(key)).toString("utf8").trim().split("\n")));
      const rows = texts.flat().map((line) => JSON.parse(line) as FrameDetections);
      return { ...timed, frames: rows.length, rows };
    },
  };
}

/** Seconds of all cores of this process and of its children that have ended; of Linux alone. In hundredths. */
function cpuSeconds(): number {
  const [, after = ""] = readFileSync("/proc/self/stat", "utf8").split(") ");
  return after.split(" ").slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** ffmpeg alone: the frames decoded, scaled and padded as for the model, and thrown away. */
export async function decodeAlone({ file, frames, size }: { file: string; frames: number; size: Size }): Promise<Timed> {
  const { width, height } = size;
  const grey = PADDING_GREY.toString(16).repeat(3);
  const filters = `scale=${width}:${height}:force_original_aspect_ratio=decrease:flags=bilinear,format=gbrp,pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:color=0x${grey}`;
  const began = performance.now();
  const child = spawn("ffmpeg", ["-nostdin", "-hide_banner", "-benchmark", "-i", file, "-map", "0:V:0", "-frames:v", String(frames), "-vf", filters, "-f", "null", "-"], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  await once(child, "close");
  const found = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(words);
  const done = [...words.matchAll(/frame=\s*(\d+)/g)].at(-1);
  if (found === null || done === undefined) throw new Error(`ffmpeg does not say what it needed: ${words.slice(-500)}`);
  return { seconds: (performance.now() - began) / 1000, cpu: Number(found[1]) + Number(found[2]), frames: Number(done[1]) };
}
