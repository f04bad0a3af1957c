import type { Box } from "./boxes.ts";
import { COCO_IOUS, meanAveragePrecision } from "./metrics/average-precision.ts";
import { identityScores } from "./metrics/identities.ts";
import { keypointAccuracy } from "./metrics/keypoints.ts";
import type { ResultFile, ResultRow, Truth } from "./result.ts";

/** How good a result is. Shares of 1; `id_switches` is a count. */
export interface Scores {
  box_map50: number;
  box_map50_95: number;
  /** null where the truth or the result has no keypoints. */
  keypoint_pck: number | null;
  id_switches: number;
  mota: number;
  idf1: number;
}

/**
 * result.json against the exact truth. Accuracies are of the frames that are not in `exceptFrames` (those that were labeled);
 * identities are of all frames. A frame of the truth that the result has no row for counts as one in which nothing was found.
 * A truth's class that the result does not know stands for any class; keypoints go by name.
 */
export function scoreAgainstTruth(result: ResultFile, truth: Truth, exceptFrames: number[]): Scores {
  const rows = new Map(result.results.map((row) => [row.frame, row]));
  const labeled = new Set(exceptFrames);
  const known = result.metadata.classes.indexOf(truth.class);
  const parts = truth.keypoints.map((name) => result.metadata.body_parts.indexOf(name));
  const frames = truth.labels.map(({ frame, animals }) => ({ frame, animals, found: foundIn(rows.get(frame), truth, known, parts) }));
  const unlabeled = frames.filter(({ frame }) => !labeled.has(frame));
  const boxes = unlabeled.map(({ found, animals }) => ({ found, truth: animals.map(({ box }) => ({ box, classId: 0 })) }));
  const poses = unlabeled.map(({ found, animals }) => ({ found, truth: animals }));
  const identities = identityScores(frames.map(({ found, animals }) => ({ found, truth: animals.map(({ track, box }) => ({ id: track, box })) })));
  return {
    box_map50: meanAveragePrecision(boxes, [0.5]) ?? 0,
    box_map50_95: meanAveragePrecision(boxes, COCO_IOUS) ?? 0,
    keypoint_pck: result.metadata.body_parts.length === 0 ? null : keypointAccuracy(poses),
    id_switches: identities.idSwitches,
    mota: identities.mota,
    idf1: identities.idf1,
  };
}

interface Found {
  id: string;
  box: Box;
  score: number;
  /** Always 0: a truth has one class, and what is of another is left out. */
  classId: number;
  keypoints: ([number, number] | null)[];
}

/** A row's animals in pixels, keypoints in the truth's order. */
function foundIn(row: ResultRow | undefined, truth: Truth, known: number, parts: number[]): Found[] {
  if (row === undefined) return [];
  const { width, height } = truth;
  return row.ids.flatMap((id, i) => {
    if (known >= 0 && row.class_ids[i] !== known) return [];
    const [x1, y1, x2, y2] = row.boxes[i]!;
    const points = row.keypoints[i] ?? [];
    const found: Found = {
      id,
      box: [x1 * width, y1 * height, x2 * width, y2 * height],
      score: row.boxes_score[i]!,
      classId: 0,
      keypoints: parts.map((part) => {
        const point = points[part];
        return point === undefined ? null : [point[0] * width, point[1] * height];
      }),
    };
    return [found];
  });
}
