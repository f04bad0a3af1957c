import { MockActivityEnvironment } from "@temporalio/testing";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createOnnxServing } from "../adapters/serving/onnx.ts";
import type { Serving } from "../adapters/serving/serving.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { createVideoTools } from "../adapters/video/ffmpeg.ts";
import type { FrameDetections, PacketIndex, VideoInfo } from "../domain/detections.ts";
import { modelKeys, resultKeys, videoKeys } from "../domain/layout.ts";
import type { ResultFile } from "../domain/result.ts";
import { planSegments } from "../domain/segments.ts";
import { settingsOf } from "../domain/settings.ts";
import type { JoinOutput, PlanInput, PlanOutput, SegmentInput, SegmentOutput } from "../domain/steps.ts";
import { createInferenceSteps } from "./inference.ts";
import { createResultSteps } from "./results.ts";

/** A red square of 32 pixels on grey that goes 2 pixels to the right with each frame; a key frame each 100. */
const FRAMES = 1100;
/** ffmpeg counts n from 1 here. */
const squareAt = (frame: number): { x: number; y: number } => ({ x: (((frame + 1) * 2) % 160) + 16, y: 32 + 16 });
const SETTINGS: PlanInput["inference"] = { confidence: 0.4, iou: 0.2, batch_size: 8, frame_skip: 0, max_frames: null };
const model = { name: "squares", version: 1 };
const task = { taskId: "task00000001", round: 1 };

describe("inference over a video", () => {
  let root: string;
  let storage: Storage;
  let serving: Serving;
  const video = createVideoTools({});
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-inference-"));
    storage = createLocalStorage({ root });
    serving = createOnnxServing({ storage, threads: 1 });
    await storage.put(modelKeys(model.name).onnx(model.version), await readFile(new URL("../adapters/serving/fixtures/detect.onnx", import.meta.url)));
    const keys = videoKeys(task.taskId);
    const source = keys.source("mp4");
    const file = join(root, "made.mp4");
    const picture = `color=0x727272:s=192x96:r=25:d=${FRAMES / 25}[ground];color=red:s=32x32:r=25:d=${FRAMES / 25}[square];[ground][square]overlay=x='mod(n*2,160)':y=32,format=yuv420p`;
    await promisify(execFile)("ffmpeg", ["-v", "error", "-nostdin", "-filter_complex", picture, "-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-g", "100", "-sc_threshold", "0", file]);
    await storage.put(source, { file });
    await storage.put(keys.packets, JSON.stringify(await video.index({ file })));
    await storage.put(keys.meta, JSON.stringify({ task_id: task.taskId, source_key: source, width: 192, height: 96, fps: 25, num_frames: FRAMES } satisfies Partial<VideoInfo>));
  });
  afterAll(async () => {
    await serving.close();
    await rm(root, { recursive: true, force: true });
  });

  const plan = async (settings = SETTINGS): Promise<PlanOutput> => await new MockActivityEnvironment().run(createInferenceSteps({ storage, video, serving }).planInference, { ...task, model, inference: settings } satisfies PlanInput);
  const segments = async (planned: PlanOutput, settings = SETTINGS, with_ = { storage, video, serving }): Promise<SegmentOutput[]> => {
    const { inferSegment } = createInferenceSteps(with_);
    const outputs: SegmentOutput[] = [];
    for (const segment of planned.segments) outputs.push(await new MockActivityEnvironment().run(inferSegment, { ...task, model, plan: planned.plan, segment, inference: settings } satisfies SegmentInput));
    return outputs;
  };
  const rows = async (outputs: SegmentOutput[]): Promise<FrameDetections[]> => {
    const texts = await Promise.all(outputs.map(async ({ key }) => (await storage.read(key)).toString("utf8").trim()));
    return texts.flatMap((text) => (text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as FrameDetections)));
  };

  it("finds the square in every frame, at its place and time, without a seam", async () => {
    const planned = await plan();
    expect(planned).toMatchObject({ frames: FRAMES, segments: [{ index: 0, start: 0, end: 600 }, { index: 1, start: 600, end: FRAMES }] });
    const outputs = await segments(planned);
    expect(outputs.map(({ frames, differing }) => [frames, differing])).toEqual([[600, 0], [500, 0]]);
    const found = await rows(outputs);
    expect(found.map(({ frame }) => frame)).toEqual(Array.from({ length: FRAMES }, (_, i) => i));
    expect(found[700]?.time).toBe(28);
    expect(outputs.reduce((sum, { detections }) => sum + detections, 0)).toBe(found.reduce((sum, { detections }) => sum + detections.length, 0));
    const missed = found.filter(({ frame, detections }) => {
      const { x, y } = squareAt(frame);
      // The model's grid is 24 pixels of the video.
      const best = detections[0];
      return best?.classId !== 0 || Math.abs((best.box[0] + best.box[2]) / 2 - x) > 24 || Math.abs((best.box[1] + best.box[3]) / 2 - y) > 24;
    });
    expect(missed).toEqual([]);
    for (const { box } of found.flatMap(({ detections }) => detections)) expect(box[0] >= 0 && box[1] >= 0 && box[2] <= 192 && box[3] <= 96 && box[0] < box[2]).toBe(true);
    // Red or grey; the grid's cells are often half beside the square, so that as often as not the middle of a box is red.
    const looks = found.flatMap(({ detections }) => detections.map(({ look }) => look ?? [0, 0, 0]));
    expect(looks.filter((look) => look[0]! < 90 || Math.abs(look[1]! - look[2]!) > 30)).toEqual([]);
    expect(looks.filter((look) => look[0]! > 200 && look[1]! < 60).length).toBeGreaterThan(0.3 * looks.length);

    // A retry finds what is finished: neither decoder nor model is needed.
    const gone = { storage, video: { ...video, decode: () => { throw new Error("not again"); } }, serving: { ...serving, load: () => Promise.reject(new Error("not again")) } };
    expect(await segments(planned, SETTINGS, gone)).toEqual(outputs);
  });

  it("gives the same whatever the batches, so a plan does not depend on them", async () => {
    const short = { ...SETTINGS, max_frames: 40 };
    const planned = await plan(short);
    const first = await rows(await segments(planned, short));
    for (const batch_size of [1, 7, 64]) {
      const other = { ...short, batch_size };
      expect((await plan(other)).plan).toBe(planned.plan);
      const again = await segments({ ...planned, plan: `${planned.plan}-${batch_size}` }, other);
      expect(await rows(again)).toEqual(first);
    }
    expect((await plan({ ...short, confidence: 0.5 })).plan).not.toBe(planned.plan);
    expect((await plan(SETTINGS)).plan).not.toBe(planned.plan);
  });

  it("gives the same ids and numbers however long the segments are and however many workers share them", async () => {
    const keys = videoKeys(task.taskId);
    const index = await readJson<PacketIndex>(storage, keys.packets);
    const info = await readJson<VideoInfo>(storage, keys.meta);
    await storage.put(keys.meta, JSON.stringify({ ...info, start_time: 0, rotation: 0 }));
    const settings = settingsOf({ file_path: "/v.mp4", user_id: "ann", num_animals: 2, inference: { ...SETTINGS, max_frames: 400, batch_size: 7 } });
    const { joinSegments } = createResultSteps({ storage, video, workFolder: join(root, "work") });
    const results: ResultFile[] = [];
    for (const [atLeast, workers] of [[1e6, 1], [100, 1], [200, 3], [100, 4]] as const) {
      const parts = planSegments({ index, fps: 25, stride: 1, maxFrames: 400, atLeast });
      const waiting = [...parts];
      const planned = `plan-${atLeast}-${workers}`;
      // As many workers as there may be, each with a model of its own.
      const worker = async (): Promise<void> => {
        const own = createOnnxServing({ storage, threads: 1 });
        for (let segment = waiting.shift(); segment !== undefined; segment = waiting.shift()) {
          await new MockActivityEnvironment().run(createInferenceSteps({ storage, video, serving: own }).inferSegment, { ...task, model, plan: planned, segment, inference: settings.inference } satisfies SegmentInput);
        }
        await own.close();
      };
      await Promise.all(Array.from({ length: workers }, worker));
      const { resultKey }: JoinOutput = await new MockActivityEnvironment().run(joinSegments, { ...task, model, plan: planned, segments: parts, differing: 0, settings });
      results.push(await readJson<ResultFile>(storage, resultKey));
      expect(parts.length).toBe({ 1e6: 1, 200: 2, 100: 4 }[atLeast]);
    }
    const [first, ...others] = results;
    expect(first?.results).toHaveLength(400);
    expect(new Set(first?.results.flatMap(({ ids }) => ids)).size).toBeGreaterThan(0);
    for (const { results: rowsOfOther } of others) {
      rowsOfOther.forEach((row, i) => {
        const wanted = first?.results[i];
        expect([row.frame, row.timestamp, row.ids, row.class_ids]).toEqual([wanted?.frame, wanted?.timestamp, wanted?.ids, wanted?.class_ids]);
        const numbers = (r: ResultFile["results"][number] | undefined): number[] => [...(r?.boxes.flat() ?? []), ...(r?.boxes_score ?? [])];
        numbers(row).forEach((value, k) => expect(Math.abs(value - (numbers(wanted)[k] ?? NaN))).toBeLessThan(1e-4));
      });
    }
  });

  it("leaves out frames and stops where it is told to", async () => {
    const sparse = { ...SETTINGS, frame_skip: 6, max_frames: 100 };
    const planned = await plan(sparse);
    expect(planned.frames).toBe(100);
    expect((await rows(await segments(planned, sparse))).map(({ frame }) => frame)).toEqual(Array.from({ length: 100 }, (_, i) => i * 7));
  });

  it("publishes nothing when it is cancelled", async () => {
    const settings = { ...SETTINGS, confidence: 0.45, batch_size: 4 };
    const planned = await plan(settings);
    const environment = new MockActivityEnvironment();
    environment.on("heartbeat", (details: { done?: number } | undefined) => {
      if ((details?.done ?? 0) > 10) environment.cancel("CANCELLED");
    });
    const segment = planned.segments[0] ?? { index: 0, start: 0, end: 0 };
    await expect(environment.run(createInferenceSteps({ storage, video, serving }).inferSegment, { ...task, model, plan: planned.plan, segment, inference: settings } satisfies SegmentInput)).rejects.toThrow(/CANCELLED/);
    expect(await storage.list(`${resultKeys(task.taskId, 1).prefix}segments/${planned.plan}/`)).toEqual([]);
  });
});
