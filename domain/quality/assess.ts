import type { ResultMetadata, ResultRow } from "../result.ts";
import { createMoments, createStretches, longest } from "./moments.ts";
import { createPresence } from "./presence.ts";
import { LOW_SCORE, type Quality } from "./quality.ts";
import { createSwaps } from "./swaps.ts";

/** Rows from the first to the last, as often as it is called. */
type Rows = () => AsyncIterable<ResultRow> | Iterable<ResultRow>;

/** Two passes over the rows: what is missing is known only once it is known how many animals there are. Memory: an entry per id. */
export async function assess(metadata: ResultMetadata, frameStep: number, rows: Rows): Promise<Quality> {
  const presence = createPresence();
  for await (const row of rows()) presence.push(row);
  const seen = presence.finish(metadata);

  const lasts = { lasts: metadata.fps > 0 ? frameStep / metadata.fps : 0 };
  const [missing, low] = [createMoments(longest), createMoments(longest)];
  const [missingStretches, lowStretches] = [createStretches(missing, { ...lasts, least: 0 }), createStretches(low, lasts)];
  const swaps = createSwaps({ width: metadata.origin_width, height: metadata.origin_height });
  for await (const row of rows()) {
    const { frame, timestamp: time, ids } = row;
    missingStretches.pass(time);
    lowStretches.pass(time);
    if (ids.length < seen.expected.animals) missingStretches.extend("", { frame, time, ids: [], value: ids.length }, Math.min);
    ids.forEach((id, i) => {
      const value = surenessOf(row, i);
      if (value < LOW_SCORE) lowStretches.extend(id, { frame, time, ids: [id], value }, Math.min);
    });
    swaps.push(row);
  }
  missingStretches.finish();
  lowStretches.finish();
  return { task_id: metadata.task_id, frame_step: frameStep, ...seen, missing: missing.finish(), low_confidence: low.finish(), suspected_swaps: swaps.finish() };
}

/** The score of the box, or the mean of the keypoints' where that is lower. */
function surenessOf({ boxes_score: boxes, keypoints_score: keypoints }: ResultRow, i: number): number {
  const points = keypoints[i] ?? [];
  const mean = points.length === 0 ? 1 : points.reduce((sum, score) => sum + score, 0) / points.length;
  return Math.min(boxes[i] ?? 0, mean);
}
