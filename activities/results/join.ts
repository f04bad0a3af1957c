import { join } from "node:path";
import { readJson, readJsonIfThere } from "../../adapters/storage/storage.ts";
import type { VideoInfo } from "../../domain/detections.ts";
import { modelKeys, resultKeys, videoKeys } from "../../domain/layout.ts";
import type { ResultMetadata } from "../../domain/result.ts";
import { deriveFlipIdx } from "../../domain/flip.ts";
import { pairsOf } from "../../domain/side-swaps.ts";
import { halfWindowOf } from "../../domain/smoothing.ts";
import type { JoinInput, JoinOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { joinInThread } from "./join-in-thread.ts";
import { writeLedger } from "./ledger.ts";
import { publish } from "./publish.ts";
import type { ResultSettings } from "./settings.ts";

/** result.json: the segments joined in order, tracked, smoothed. A row per processed frame, also where there is no animal. */
export const createJoinStep = ({ storage, workFolder }: Pick<Deps, "storage" | "workFolder">) =>
  async function joinSegments({ taskId, round, plan, segments, model, differing, settings }: JoinInput): Promise<JoinOutput> {
    return await longStep(({ signal, report, log }) =>
      withScratch(workFolder, async (scratch) => {
        const keys = resultKeys(taskId, round);
        const video = await readJson<VideoInfo>(storage, videoKeys(taskId).meta);
        const card = (await readJsonIfThere<Record<string, unknown>>(storage, modelKeys(model.name).card(model.version))) ?? {};
        const { inference, num_animals: numAnimals } = settings;
        const bodyParts = namesIn(card["keypoints"]) ?? settings.keypoints;
        const own = bodyParts.join("\n") === settings.keypoints.join("\n");
        const pairs = pairsOf(own ? settings.flip_idx : deriveFlipIdx(bodyParts));
        const made: ResultSettings = {
          inference,
          num_animals: numAnimals,
          tracking: { method: "tracklets, joined over the whole video", num_animals: numAnimals },
          smoothing: { method: "local parabola, weighted by score", half_window_s: halfWindowOf((inference.frame_skip + 1) / video.fps), left_right_pairs: pairs },
        };
        const metadata: ResultMetadata = {
          origin_width: video.width,
          origin_height: video.height,
          fps: video.fps,
          num_frames: video.num_frames,
          start_time: video.start_time,
          classes: namesIn(card["classes"]) ?? settings.classes,
          body_parts: bodyParts,
          // Its numbers mean the task's keypoints; of another model's they would mean nothing.
          skeleton: own ? settings.skeleton : [],
          task_id: taskId,
          model: { ...card, name: model.name, version: model.version },
          settings: made,
          frames_differing: differing,
        };
        const files = [];
        for (const { index } of segments) files.push(await storage.localPath(keys.segment(plan, index)));

        const output = join(scratch, "result.json");
        const total = Math.ceil(Math.min(inference.max_frames ?? Number.POSITIVE_INFINITY, video.num_frames / (inference.frame_skip + 1)));
        const onFrames = (done: number) => report({ done: Math.floor(done), total, unit: "frames", message: "joining and tracking" });
        const tracker = { numAnimals, fps: video.fps, frameSkip: inference.frame_skip };
        const result = await joinInThread({ segments: files, output, metadata, tracker, pairs }, { signal, onFrames });
        await writeLedger({ storage, taskId, round, plan, segments, scratch, signal });
        await publish(storage, keys.result, output);
        log(`joined ${result.frames} frames of ${segments.length} segments: ${result.ids} ids`, { ...result });
        return { resultKey: keys.result, frames: result.frames, ids: result.ids, meanAnimals: result.frames === 0 ? 0 : Number((result.animals / result.frames).toFixed(3)) };
      }),
    );
  };

/** What the model itself says it finds: a global model knows other names than the task asks for. */
const namesIn = (value: unknown): string[] | null => (Array.isArray(value) && value.every((name) => typeof name === "string") ? value : null);
