import { iou, type Box } from "../boxes.ts";

export interface ScoredBox {
  box: Box;
  score: number;
  classId: number;
}

export interface BoxFrame {
  found: ScoredBox[];
  truth: { box: Box; classId: number }[];
}

/** 0.50, 0.55 .. 0.95 */
export const COCO_IOUS = Array.from({ length: 10 }, (_, i) => Math.round(50 + i * 5) / 100);

/**
 * Average precision as COCO counts it: precision at 101 recalls, mean over classes that the truth has and over the IoU thresholds.
 * One difference: all boxes of a frame count, not the best hundred. null where the truth has no boxes.
 */
export function meanAveragePrecision(frames: BoxFrame[], ious: number[]): number | null {
  const classes = new Set(frames.flatMap((frame) => frame.truth.map((object) => object.classId)));
  if (classes.size === 0) return null;
  let sum = 0;
  for (const classId of classes) {
    const ranked = rank(frames, classId);
    for (const threshold of ious) sum += averagePrecision(ranked, threshold);
  }
  return sum / (classes.size * ious.length);
}

interface Ranked {
  /** Best score first; equal scores in the order of frames. `overlaps`: IoU with each true box of its frame. */
  found: { frame: number; overlaps: number[] }[];
  truths: number[];
}

function rank(frames: BoxFrame[], classId: number): Ranked {
  const found: { frame: number; score: number; overlaps: number[] }[] = [];
  const truths: number[] = [];
  for (const [frame, { found: boxes, truth }] of frames.entries()) {
    const wanted = truth.filter((object) => object.classId === classId);
    truths.push(wanted.length);
    for (const { box, score, classId: own } of boxes) if (own === classId) found.push({ frame, score, overlaps: wanted.map((object) => iou(box, object.box)) });
  }
  return { found: found.sort((a, b) => b.score - a.score), truths };
}

function averagePrecision({ found, truths }: Ranked, threshold: number): number {
  const taken = truths.map((count) => new Uint8Array(count));
  const total = truths.reduce((sum, count) => sum + count, 0);
  const recall: number[] = [];
  const precision: number[] = [];
  let hits = 0;
  for (const [i, { frame, overlaps }] of found.entries()) {
    let best = -1;
    for (const [t, overlap] of overlaps.entries()) if (taken[frame]![t] === 0 && overlap >= (best < 0 ? threshold - 1e-10 : overlaps[best]!)) best = t;
    if (best >= 0) {
      taken[frame]![best] = 1;
      hits += 1;
    }
    recall.push(hits / total);
    precision.push(hits / (i + 1));
  }
  // Precision at a recall: the best that is had at this recall or a higher one.
  for (let i = precision.length - 2; i >= 0; i -= 1) precision[i] = Math.max(precision[i]!, precision[i + 1]!);
  let sum = 0;
  let at = 0;
  for (let step = 0; step <= 100; step += 1) {
    while (at < recall.length && recall[at]! < step / 100) at += 1;
    sum += precision[at] ?? 0;
  }
  return sum / 101;
}
