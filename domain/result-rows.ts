import type { IdentityDoubts, ResultRow } from "./result.ts";
import type { SmoothedFrame } from "./smoothing.ts";
import type { DoubtfulMoment } from "./tracking/doubtful-moments.ts";

/** The metadata is one line that readers hold at once: of a night with more, those with a merged box and the longest are listed. */
const LISTED_DOUBTS = 1000;

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
/** A coordinate in 0..1: a model may place a box's edge a little outside of the picture. */
const share = (value: number, whole: number): number => rounded(Math.min(1, Math.max(0, value / whole)), 6);

/** A row of result.json: pixels to shares of the picture, six digits, which is a hundredth of a pixel in the largest picture. */
export function toResultRow(frame: SmoothedFrame, { width, height }: { width: number; height: number }): ResultRow {
  const place = ([x, y]: readonly [number, number, ...number[]]): [number, number] => [share(x, width), share(y, height)];
  return {
    frame: frame.frame,
    timestamp: rounded(frame.time, 6),
    ids: frame.ids.map(String),
    boxes: frame.detections.map(({ box: [x1, y1, x2, y2] }) => [...place([x1, y1]), ...place([x2, y2])]),
    boxes_score: frame.detections.map(({ score }) => rounded(score, 4)),
    keypoints: frame.detections.map(({ keypoints }) => keypoints.map(place)),
    keypoints_score: frame.detections.map(({ keypoints }) => keypoints.map(([, , score]) => rounded(score, 4))),
    smoothed_keypoints: frame.smoothed.map((points) => points.map(place)),
    class_ids: frame.detections.map(({ classId }) => classId),
    ...(frame.swaps?.some((pairs) => pairs.length > 0) === true ? { suspected_swaps: frame.swaps } : {}),
  };
}

/** `metadata.identity_doubts`. */
export function identityDoubts(moments: DoubtfulMoment[]): IdentityDoubts {
  const weight = ({ why, from, to }: DoubtfulMoment): number => (why === "merged" ? 1e9 : 0) + to - from;
  const listed = moments.length <= LISTED_DOUBTS ? moments : moments.toSorted((a, b) => weight(b) - weight(a)).slice(0, LISTED_DOUBTS).toSorted((a, b) => a.from - b.from);
  return { count: moments.length, moments: listed.map(({ from, to, time, ids, why }) => ({ frame: from, until_frame: to, timestamp: rounded(time, 6), ids: ids.map(String), why })) };
}
