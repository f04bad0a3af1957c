import { MockActivityEnvironment } from "@temporalio/testing";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInferenceSteps } from "../activities/inference.ts";
import { createTritonServing } from "../adapters/serving/triton.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { createVideoTools } from "../adapters/video/ffmpeg.ts";
import type { Detection, FrameDetections, ModelRef, VideoInfo } from "../domain/detections.ts";
import { modelKeys, resultKeys, taskKeys, videoKeys } from "../domain/layout.ts";
import { letterboxFor, type Letterbox } from "../domain/letterbox.ts";
import { compareDetections } from "../domain/parity.ts";
import type { TaskState } from "../domain/state.ts";
import type { Parity, PlanOutput } from "../domain/steps.ts";
import { createTriton, standIn } from "./triton-server.ts";

/**
 * The inference of a task that has ended, which used the embedded runtime, once more with a real tritonserver: the same steps, the same video,
 * the same model. What both found is compared in pixels of the model's input. `storage`: the task's, which stays as it is.
 */
export async function sameWithTriton({ storage, taskId }: { storage: Storage; taskId: string }): Promise<Parity> {
  const root = await mkdtemp(join(tmpdir(), "actverse-triton-"));
  const server = await createTriton(root);
  const apart = standIn(createLocalStorage({ root }));
  const serving = createTritonServing({ storage: apart, url: server.url, timeoutS: 60 });
  try {
    const model = await copyInputs(storage, apart, taskId);
    await server.start();
    await serving.serve({ name: model.name, versions: [model.version] });
    const { inference } = (await readJson<TaskState>(storage, taskKeys(taskId).record)).settings;
    const task = { taskId, round: 1, model, inference };
    const { planInference, inferSegment } = createInferenceSteps({ storage: apart, video: createVideoTools({}), serving });
    const planned: PlanOutput = await new MockActivityEnvironment().run(planInference, task);
    for (const segment of planned.segments) await new MockActivityEnvironment().run(inferSegment, { ...task, plan: planned.plan, segment });

    const letterbox = letterboxFor(await readJson<VideoInfo>(storage, videoKeys(taskId).meta), await serving.load(model));
    const [ours, theirs] = await Promise.all([storage, apart].map((from) => found(from, taskId, planned, letterbox)));
    const frames = (rows: FrameDetections[]): string => rows.map(({ frame, time }) => `${frame} ${time}`).join("\n");
    if (frames(ours!) !== frames(theirs!)) throw new Error("the two did not look at the same frames");
    return compareDetections({ confidence: inference.confidence, pairs: ours!.map(({ detections }, i) => ({ ours: detections, theirs: theirs![i]!.detections })) });
  } finally {
    await serving.close();
    await server.stop();
    await rm(root, { recursive: true, force: true });
  }
}

/** The video with what is known of it, and the model that the task has deployed. */
async function copyInputs(from: Storage, to: Storage, taskId: string): Promise<ModelRef> {
  const model = { name: taskId, version: 1 };
  const { config, onnx } = modelKeys(taskId);
  for (const key of [...(await from.list(videoKeys(taskId).prefix)), onnx(model.version)]) await to.put(key, { file: await from.localPath(key) });
  await to.put(config, (await from.read(config)).toString());
  return model;
}

/** Of a plan, in pixels of the model's input. */
async function found(storage: Storage, taskId: string, { plan, segments }: PlanOutput, { input: _input, source, scaledWidth, scaledHeight, left, top }: Letterbox): Promise<FrameDetections[]> {
  const x = (value: number): number => (value * scaledWidth) / source.width + left;
  const y = (value: number): number => (value * scaledHeight) / source.height + top;
  const inInput = ({ box: [x1, y1, x2, y2], keypoints, ...rest }: Detection): Detection => ({ ...rest, box: [x(x1), y(y1), x(x2), y(y2)], keypoints: keypoints.map(([px, py, score]) => [x(px), y(py), score]) });
  const texts = await Promise.all(segments.map(async ({ index }) => (await storage.read(resultKeys(taskId, 1).segment(plan, index))).toString("utf8")));
  const rows = texts.flatMap((text) => text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as FrameDetections));
  return rows.map((row) => ({ ...row, detections: row.detections.map(inInput) }));
}
