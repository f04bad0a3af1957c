import { MockActivityEnvironment } from "@temporalio/testing";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInferenceSteps } from "../../activities/inference.ts";
import { createOnnxServing } from "../../adapters/serving/onnx.ts";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import { createVideoTools } from "../../adapters/video/ffmpeg.ts";
import type { FrameDetections, VideoInfo } from "../../domain/detections.ts";
import { modelKeys, resultKeys, videoKeys } from "../../domain/layout.ts";
import type { Truth } from "../../domain/result.ts";
import type { PlanInput, PlanOutput, SegmentOutput } from "../../domain/steps.ts";
import { run } from "./python.ts";

/** A folder of the cache: detections.ndjson, truth.json, video.mp4 and, of a video that a model was trained for, model.onnx. */
export interface Detected {
  folder: string;
  video: string;
  truth: Truth;
  frames: FrameDetections[];
}

const INFERENCE: PlanInput["inference"] = { confidence: 0.25, iou: 0.7, batch_size: 8, frame_skip: 0, max_frames: null };

export async function readDetected(folder: string): Promise<Detected> {
  const [truth, lines] = await Promise.all([readFile(join(folder, "truth.json"), "utf8"), readFile(join(folder, "detections.ndjson"), "utf8")]);
  return { folder, video: join(folder, "video.mp4"), truth: JSON.parse(truth) as Truth, frames: lines.trim().split("\n").map((line) => JSON.parse(line) as FrameDetections) };
}

/** As the demo finds them: a model trained on 60 frames, and what it finds in all. Minutes; once. */
export async function detectedByDemo({ folder, video, truth, say }: { folder: string; video: string; truth: string; say: (line: string) => void }): Promise<Detected> {
  if (!existsSync(join(folder, "detections.ndjson"))) {
    say(`  training a model for ${video}: minutes`);
    // Of its own: two checkouts may fill the same cache at once.
    const home = await mkdtemp(join(tmpdir(), "actverse-bench-demo-"));
    try {
      const out = await run({ command: process.execPath, args: ["--import", "tsx", "scripts/demo.ts", "--exit", "--json", "--home", home, "--video", video, "--truth", truth] });
      const { task_id: task } = JSON.parse(out.trim().split("\n").at(-1)!) as { task_id: string };
      await keep({ home, task, folder, video, truth });
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }
  return await readDetected(folder);
}

async function keep({ home, task, folder, video, truth }: { home: string; task: string; folder: string; video: string; truth: string }): Promise<void> {
  const data = join(home, "data_storage");
  await mkdir(folder, { recursive: true });
  await cp(video, join(folder, "video.mp4"));
  await cp(truth, join(folder, "truth.json"));
  await cp(join(data, modelKeys(task).onnx(1)), join(folder, "model.onnx"));
  const segments = (await readdir(join(data, resultKeys(task, 1).prefix, "segments"), { recursive: true, withFileTypes: true })).filter((entry) => entry.name.endsWith(".ndjson")).map((entry) => join(entry.parentPath, entry.name));
  await whole(folder, (await Promise.all(segments.toSorted().map((file) => readFile(file, "utf8")))).join(""));
}

/** What a model that was trained for another video finds in this one. */
export async function detectedByModel({ folder, video, truth, model, say }: { folder: string; video: string; truth: Truth; model: string; say: (line: string) => void }): Promise<Detected> {
  if (!existsSync(join(folder, "detections.ndjson"))) {
    say(`  detecting animals in ${video}`);
    await mkdir(folder, { recursive: true });
    if (video !== join(folder, "video.mp4")) await cp(video, join(folder, "video.mp4"));
    await writeFile(join(folder, "truth.json"), JSON.stringify(truth));
    await whole(folder, await detect({ root: join(folder, "work"), video, truth, model }));
    await rm(join(folder, "work"), { recursive: true });
  }
  return await readDetected(folder);
}

/** The steps of a task, without a task. */
async function detect({ root, video: source, truth, model: file }: { root: string; video: string; truth: Truth; model: string }): Promise<string> {
  const storage = createLocalStorage({ root });
  const video = createVideoTools({});
  const serving = createOnnxServing({ storage });
  try {
    const [task, model] = [{ taskId: "bench0000000", round: 1 }, { name: "bench", version: 1 }];
    const keys = videoKeys(task.taskId);
    await storage.put(modelKeys(model.name).onnx(model.version), await readFile(file));
    await storage.put(keys.source("mp4"), await readFile(source));
    await storage.put(keys.packets, JSON.stringify(await video.index({ file: source })));
    await storage.put(keys.meta, JSON.stringify({ task_id: task.taskId, source_key: keys.source("mp4"), width: truth.width, height: truth.height, fps: truth.fps, num_frames: truth.frames } satisfies Partial<VideoInfo>));
    const steps = createInferenceSteps({ storage, video, serving });
    const { plan, segments } = (await new MockActivityEnvironment().run(steps.planInference, { ...task, model, inference: INFERENCE })) as PlanOutput;
    let text = "";
    for (const segment of segments) {
      const { key } = (await new MockActivityEnvironment().run(steps.inferSegment, { ...task, model, plan, segment, inference: INFERENCE })) as SegmentOutput;
      text += (await storage.read(key)).toString("utf8");
    }
    return text;
  } finally {
    await serving.close();
  }
}

/** There whole or not at all. */
async function whole(folder: string, text: string): Promise<void> {
  await writeFile(join(folder, "detections.tmp"), text);
  await rename(join(folder, "detections.tmp"), join(folder, "detections.ndjson"));
}
