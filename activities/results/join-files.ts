import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { FrameDetections } from "../../domain/detections.ts";
import { RESULT_TAIL, resultHead, resultRow } from "../../domain/result-lines.ts";
import { identityDoubts, toResultRow } from "../../domain/result-rows.ts";
import type { ResultMetadata } from "../../domain/result.ts";
import { createSwapFinder, type Pair } from "../../domain/side-swaps.ts";
import { createSmoother, halfWindowOf, type TrackedFrame } from "../../domain/smoothing.ts";
import { createTracker, type TrackerOptions } from "../../domain/tracking/tracker.ts";
import { linesOf } from "./result-file.ts";

/** Plain data only: it travels to a worker thread. */
export interface JoinJob {
  /** Paths of the segments' .ndjson files, in order. */
  segments: string[];
  output: string;
  metadata: ResultMetadata;
  tracker: TrackerOptions;
  /** Keypoints that are each other's left and right. */
  pairs: Pair[];
}

export interface JoinResult {
  /** Rows written. */
  frames: number;
  ids: number;
  /** Animals with an id in all rows together. */
  animals: number;
  /** Pairs of keypoints that seem exchanged, in all rows together. */
  swaps: number;
}

/**
 * Segments -> result.json. The files are read twice: once to track, which needs the whole video before an id is final,
 * and once to write; so that neither detections nor rows of the whole video are ever held.
 */
export async function joinFiles({ segments, output, metadata, tracker: options, pairs }: JoinJob, onFrame: (done: number) => void): Promise<JoinResult> {
  const tracker = createTracker(options);
  let done = 0;
  for await (const frame of framesOf(segments)) {
    tracker.push(frame);
    done += 1;
    onFrame(done / 2);
  }
  const assignment = tracker.finish();

  const picture = { width: metadata.origin_width, height: metadata.origin_height };
  const sides = createSwapFinder(pairs);
  const smoother = createSmoother({ halfWindowS: halfWindowOf((options.frameSkip + 1) / options.fps) });
  const result: JoinResult = { frames: 0, ids: assignment.ids, animals: 0, swaps: 0 };
  async function* text(): AsyncGenerator<string> {
    yield resultHead({ ...metadata, identity_doubts: identityDoubts(assignment.doubtfulMoments()) });
    const rows = (frames: ReturnType<typeof smoother.push>): string =>
      frames
        .map((frame) => {
          result.frames += 1;
          result.animals += frame.ids.length;
          result.swaps += frame.swaps?.reduce((sum, of) => sum + of.length, 0) ?? 0;
          return resultRow(toResultRow(frame, picture), result.frames === 1);
        })
        .join("");
    let i = 0;
    for await (const frame of framesOf(segments)) {
      yield rows(sides.push(identified(frame, assignment.idsOf(i))).flatMap((checked) => smoother.push(checked)));
      i += 1;
      onFrame((done + i) / 2);
    }
    yield rows([...sides.finish().flatMap((checked) => smoother.push(checked)), ...smoother.finish()]);
    yield RESULT_TAIL;
  }
  await pipeline(text, createWriteStream(output));
  if (result.frames !== done) throw new Error(`${result.frames} rows came of ${done} frames`);
  return result;
}

/** Detections that are somebody, by id. */
function identified(frame: FrameDetections, ids: Int32Array): TrackedFrame {
  const kept = [...ids.entries()].filter(([, id]) => id >= 0).sort(([, a], [, b]) => a - b);
  return { frame: frame.frame, time: frame.time, ids: kept.map(([, id]) => id), detections: kept.flatMap(([i]) => frame.detections[i] ?? []) };
}

/** Every frame once and in order: anything else means that segments of different plans were mixed. */
async function* framesOf(segments: string[]): AsyncGenerator<FrameDetections> {
  let last = -1;
  for (const segment of segments) {
    for await (const line of linesOf(segment)) {
      if (line === "") continue;
      const frame = JSON.parse(line) as FrameDetections;
      if (frame.frame <= last) throw new Error(`frame ${frame.frame} comes after frame ${last} in ${segment}`);
      last = frame.frame;
      yield frame;
    }
  }
}
