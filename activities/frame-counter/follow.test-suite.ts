import { MockActivityEnvironment } from "@temporalio/testing";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { expect } from "vitest";
import type { Serving } from "../../adapters/serving/serving.ts";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import { readJson } from "../../adapters/storage/storage.ts";
import { createVideoTools } from "../../adapters/video/ffmpeg.ts";
import type { PacketIndex, VideoInfo } from "../../domain/detections.ts";
import type { FrameList } from "../../domain/labels.ts";
import { frameKeys, resultKeys, videoKeys } from "../../domain/layout.ts";
import type { ResultFile } from "../../domain/result.ts";
import { planSegments } from "../../domain/segments.ts";
import { settingsOf } from "../../domain/settings.ts";
import { createDownloadSteps } from "../download.ts";
import { createFrameSteps } from "../frames.ts";
import { createInferenceSteps } from "../inference.ts";
import { createResultSteps } from "../results.ts";
import { animalIn, counterIn, drawnEdge, HEIGHT, upright, WIDTH, type Rotation } from "./picture.test-tools.ts";
import type { CountedVideo } from "./videos.test-tools.ts";

const TASK = { taskId: "task00000001", round: 1 };
const MODEL = { name: "counter", version: 1 };
/** Of the truth: what one decode of the whole file from its beginning gives. */
interface Frame {
  counter: number;
  time: number;
}

/** Reads the counter from the pixels that it is given, and says that the animal is where that picture has it. */
function countingServing(rotation: Rotation): Serving {
  const { width, height, box } = upright(rotation);
  const counting: Pick<Serving, "load" | "infer"> = {
    load: async () => ({ ...MODEL, task: "detect", classes: ["animal"], keypoints: [], imgsz: [height, width] }),
    infer: async ({ images }) => images.map((planes) => [{ box: box(animalIn(counterIn(planes.subarray(0, width * height), rotation))), score: 0.9, classId: 0, keypoints: [] }]),
  };
  return counting as Serving;
}

/** A video's frames from label to table to annotated video, through the real steps; every one must be the same frame everywhere. Gives how many were compared. */
export async function followFrames({ rotation, make }: CountedVideo, { frameSkip }: { frameSkip: number }): Promise<number> {
  const base = await mkdtemp(join(tmpdir(), "actverse-counter-"));
  try {
    const folder = join(base, "in");
    await mkdir(folder);
    const filePath = await make(folder);
    const storage = createLocalStorage({ root: join(base, "data") });
    const video = createVideoTools({});
    const serving = countingServing(rotation);
    const deps = { storage, video, serving, workFolder: join(base, "work"), files: { allowedRoots: [folder], allowedHosts: [], maxBytes: 1e9 } };
    const steps = { ...createDownloadSteps(deps), ...createFrameSteps(deps), ...createInferenceSteps(deps), ...createResultSteps(deps) };
    const run = <I, O>(step: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment().run(step, input);
    const settings = settingsOf({ file_path: filePath, user_id: "ann", num_animals: 1, inference: { frame_skip: frameSkip } });
    const size = upright(rotation);

    await run(steps.downloadVideo, { ...TASK, filePath });
    const info = await readJson<VideoInfo>(storage, videoKeys(TASK.taskId).meta);
    expect([info.width, info.height, info.rotation]).toEqual([size.width, size.height, rotation]);
    const index = await readJson<PacketIndex>(storage, videoKeys(TASK.taskId).packets);
    const truth = await decodeAll(await storage.localPath(info.source_key), rotation);
    expect(index.pts).toHaveLength(truth.length);

    // Labels.
    await run(steps.extractFrames, { ...TASK, numFrames: 10 });
    const { frames } = await readJson<FrameList>(storage, frameKeys(TASK.taskId, 1).list);
    for (const { frame, time, image_key } of frames) {
      const { data } = await sharp(await storage.localPath(image_key)).greyscale().raw().toBuffer({ resolveWithObject: true });
      expect({ frame, counter: counterIn(data, rotation), time }).toEqual({ frame, counter: truth[frame]?.counter, time: expect.closeTo(truth[frame]?.time ?? NaN, 5) });
    }

    // Results: several segments, each decoded on its own.
    const stride = frameSkip + 1;
    const segments = planSegments({ index, fps: info.fps, stride, maxFrames: null, atLeast: 17 });
    let differing = 0;
    for (const segment of segments) differing += (await run(steps.inferSegment, { ...TASK, plan: "counted", segment, model: MODEL, inference: settings.inference })).differing;
    expect(differing).toBe(0);
    await run(steps.joinSegments, { ...TASK, plan: "counted", segments, model: MODEL, differing, settings });
    const keys = resultKeys(TASK.taskId, 1);
    const { results } = await readJson<ResultFile>(storage, keys.result);
    expect(results.map(({ frame }) => frame)).toEqual(truth.flatMap((_, frame) => (frame % stride === 0 ? [frame] : [])));
    const counterOf = (box: readonly number[]): number => {
      const [x = 0, y = 0, x2 = 0, y2 = 0] = box;
      // Back to the coded picture.
      const left = rotation === 0 ? x : rotation === 90 ? y : rotation === 180 ? size.width - x2 : size.height - y2;
      return Math.round((left - 8) / 2);
    };
    for (const { frame, timestamp, ids, boxes } of results) {
      const [x1, y1, x2, y2] = boxes[0] ?? [0, 0, 0, 0];
      const counter = counterOf([x1 * size.width, y1 * size.height, x2 * size.width, y2 * size.height]);
      expect({ frame, ids, counter, timestamp }).toEqual({ frame, ids: ["0"], counter: truth[frame]?.counter, timestamp: expect.closeTo(truth[frame]?.time ?? NaN, 5) });
    }

    // Tables.
    await run(steps.exportCsv, { ...TASK, settings });
    const rowsOf = async (key: string): Promise<string[][]> => (await storage.read(key)).toString().trim().split("\n").slice(1).map((line) => line.split(","));
    const tracks = await rowsOf(keys.tracksCsv);
    expect(tracks).toHaveLength(results.length);
    for (const [frame, time, , , , ...box] of tracks) expect([frame, counterOf(box.map(Number)), Number(time)]).toEqual([frame, truth[Number(frame)]?.counter, expect.closeTo(truth[Number(frame)]?.time ?? NaN, 5)]);
    const ledger = await rowsOf(keys.framesCsv);
    expect(ledger.map(([frame, , time, , decoded, turn]) => [Number(frame), Number(time), decoded, Number(turn)])).toEqual(truth.map(({ time }, frame) => [frame, expect.closeTo(time, 5), "1", rotation]));

    // The annotated video.
    const { key } = await run(steps.annotateVideo, { ...TASK, settings });
    const drawn = await decodeAll(await storage.localPath(key), rotation);
    expect(drawn.map(({ counter, time }) => ({ counter, time }))).toEqual(truth.map(({ counter, time }) => ({ counter, time: expect.closeTo(time, 3) })));
    const wrong = drawn.flatMap(({ edge }, frame) => (Math.abs(edge - animalIn(truth[frame - (frame % stride)]?.counter ?? NaN)[0]) <= 1 ? [] : [`frame ${frame}: ${edge}`]));
    expect(wrong).toEqual([]);
    return frames.length + results.length + tracks.length + ledger.length + drawn.length;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** Upright, as ffmpeg turns it, or as it is already. */
async function decodeAll(file: string, rotation: Rotation): Promise<(Frame & { edge: number })[]> {
  const args = ["-nostdin", "-copyts", "-i", file, "-map", "0:V:0", "-vf", "showinfo=checksum=0,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"];
  const { stdout, stderr } = await promisify(execFile)("ffmpeg", args, { encoding: "buffer", maxBuffer: 2 ** 28 });
  const times = [...stderr.toString().matchAll(/\] n:\s*\d+ pts:\s*-?\d+ pts_time:(\S+)/g)].map((m) => Number(m[1]));
  const bytes = WIDTH * HEIGHT;
  expect(stdout.length).toBe(times.length * bytes);
  return times.map((time, i) => {
    const pixels = stdout.subarray(i * bytes, (i + 1) * bytes);
    return { counter: counterIn(pixels, rotation), time: time - (times[0] ?? 0), edge: drawnEdge(pixels, rotation) };
  });
}
