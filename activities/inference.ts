import { createHash } from "node:crypto";
import { readJson } from "../adapters/storage/storage.ts";
import type { DecodedFrame } from "../adapters/video/video.ts";
import { lookOf } from "../domain/appearance.ts";
import type { Detection, FrameDetections, PacketIndex, VideoInfo } from "../domain/detections.ts";
import { InputError } from "../domain/errors.ts";
import { resultKeys, videoKeys } from "../domain/layout.ts";
import { differingIn, type Account } from "../domain/ledger.ts";
import { boxToSource, letterboxFor, pointToSource, type Letterbox } from "../domain/letterbox.ts";
import { framesIn, planSegments, timeOf } from "../domain/segments.ts";
import type { PlanInput, PlanOutput, SegmentInput, SegmentOutput, SegmentSummary } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { longStep } from "./step-context.ts";

/** Of the segments' content: counts up with each change of what stands in a line. 2: with looks. */
const CONTENT = 2;
/** More animals than this in one frame are not told apart. */
const MAX_DETECTIONS = 300;
/** Batches that the models have at a time: while the last images of one are at work, the cores that are done go on with the next. */
const AT_WORK = 2;

/** The model over the whole video: a plan, then each segment as an activity of its own, on whichever worker is free. */
export function createInferenceSteps(deps: Pick<Deps, "storage" | "video" | "serving">) {
  const { storage, video, serving } = deps;

  return {
    /** Quick: reads the index of packets, decodes nothing. */
    planInference: async (input: PlanInput): Promise<PlanOutput> => {
      const { taskId, model, inference } = input;
      const keys = videoKeys(taskId);
      const [info, packets] = await Promise.all([readJson<VideoInfo>(storage, keys.meta), storage.read(keys.packets)]);
      const stride = inference.frame_skip + 1;
      const segments = planSegments({ index: JSON.parse(packets.toString("utf8")) as PacketIndex, fps: info.fps, stride, maxFrames: inference.max_frames });
      if (segments.length === 0) throw new InputError({ field: "file_path", status: 422, message: "the video has no frames", whatToDo: "Give a video with at least one frame." });
      // All that the segments' content depends on: with other settings, other files.
      const plan = createHash("sha256").update(JSON.stringify([CONTENT, model.name, model.version, inference.confidence, inference.iou, stride, segments, info.width, info.height])).update(packets).digest("hex").slice(0, 16);
      return { plan, segments, frames: segments.reduce((sum, segment) => sum + framesIn(segment, stride), 0) };
    },

    inferSegment: (input: SegmentInput): Promise<SegmentOutput> =>
      longStep(async (context) => {
        const { taskId, round, plan, segment, model, inference } = input;
        const results = resultKeys(taskId, round);
        const key = results.segment(plan, segment.index);
        const summary = results.segmentSummary(plan, segment.index);
        if ((await storage.size(key)) !== null) return outputOf(await readJson<SegmentSummary>(storage, summary));

        const keys = videoKeys(taskId);
        const info = await readJson<VideoInfo>(storage, keys.meta);
        const index = await readJson<PacketIndex>(storage, keys.packets);
        const file = await storage.localPath(info.source_key);
        const letterbox = letterboxFor(info, await serving.load(model));
        const size = letterbox.input;
        const stride = inference.frame_skip + 1;
        const expected = framesIn(segment, stride);
        const lines: string[] = [];
        let detections = 0;
        let account: Account = { missing: [], unknown: [] };
        const started = performance.now();

        const detect = async (frames: DecodedFrame[]): Promise<FrameDetections[]> => {
          const found = await serving.infer({ model, images: frames.map(({ pixels }) => pixels), size, confidence: inference.confidence, iou: inference.iou, maxDetections: MAX_DETECTIONS });
          return frames.map((decoded, i) => {
            const { frame, pixels } = decoded;
            const row = { frame, time: timeOf(index, frame), detections: (found[i] ?? []).flatMap((detection) => inSource(detection, { letterbox, pixels })) };
            decoded.release();
            return row;
          });
        };

        // While the models are at work, the next frames are decoded.
        const atWork: Promise<FrameDetections[]>[] = [];
        const finishOldest = async (): Promise<void> => {
          for (const row of (await atWork.shift()) ?? []) {
            detections += row.detections.length;
            lines.push(JSON.stringify(row));
          }
          const fps = Math.round((lines.length / (performance.now() - started)) * 1e4) / 10;
          context.report({ done: lines.length, total: expected, unit: "frames", message: `segment ${segment.index + 1}`, figures: { fps } });
        };
        let batch: DecodedFrame[] = [];
        const hand = async (): Promise<void> => {
          if (atWork.length >= AT_WORK) await finishOldest();
          const work = detect(batch);
          // Its failure is thrown where it is awaited; until then it must not count as unhandled.
          work.catch(() => undefined);
          atWork.push(work);
          batch = [];
        };
        for await (const frame of video.decode({ file, index, segment, stride, ...size, onAccount: (found) => (account = found), signal: context.signal })) {
          batch.push(frame);
          if (batch.length >= inference.batch_size) await hand();
        }
        if (batch.length > 0) await hand();
        while (atWork.length > 0) await finishOldest();
        context.signal.throwIfAborted();

        const made: SegmentSummary = { key, frames: lines.length, detections, differing: differingIn(account), account };
        if (made.differing > 0) context.log("decoder and packet index disagree", { segment: segment.index, missing: account.missing.length, unknown: account.unknown.length });
        await storage.put(summary, JSON.stringify(made));
        await storage.put(key, lines.map((line) => `${line}\n`).join(""));
        return outputOf(made);
      }),
  };
}

/** What the workflow keeps: lists of frames stay in storage. */
const outputOf = ({ key, frames, detections, differing }: SegmentSummary): SegmentOutput => ({ key, frames, detections, differing });

/** In pixels of the upright original, clipped to it; rounded to what a detector can mean; with its look. */
function inSource(detection: Detection, { letterbox, pixels: image }: { letterbox: Letterbox; pixels: Uint8Array }): Detection[] {
  const box = boxToSource(letterbox, detection.box);
  if (box === null) return [];
  const look = lookOf(image, letterbox.input, detection);
  return [
    {
      box: box.map(pixels) as Detection["box"],
      score: share(detection.score),
      classId: detection.classId,
      keypoints: detection.keypoints.map(([x, y, score]) => [...pointToSource(letterbox, x, y).map(pixels), share(score)] as [number, number, number]),
      ...(look === undefined ? {} : { look }),
    },
  ];
}

const pixels = (value: number): number => Math.round(value * 100) / 100;
const share = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
