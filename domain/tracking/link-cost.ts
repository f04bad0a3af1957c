import { centre, keypointSimilarity } from "./similarity.ts";
import { apart, type StandardLook } from "./looks.ts";
import type { Place, Tracklet } from "./tracklet.ts";

/** One tracklet may be followed by the other: the same animal, at this cost. */
export interface Link {
  from: number;
  to: number;
  /** 0 surely the same .. about 1 plausible .. 3 hardly. */
  cost: number;
}

/** Seconds for which an animal is expected to go on as it went. */
const GOES_ON = 0.25;

/** How unlikely it is that `b` goes on where `a` ended. Infinity where they are of different classes or not one after the other. */
export function linkCost(a: Tracklet, b: Tracklet, fps: number): number {
  if (a.classId !== b.classId || b.first.frame <= a.first.frame || b.last.frame <= a.last.frame) return Infinity;
  const gap = (b.first.frame - a.last.frame) / fps;
  // Two boxes on one animal for a moment: the old track ends while the new one has begun.
  if (gap < -0.15 || a.last.frame - b.first.frame > 0.2 * Math.min(a.last.frame - a.first.frame, b.last.frame - b.first.frame)) return Infinity;
  const size = (a.size + b.size) / 2;
  const wait = Math.max(0, gap);
  const ahead = Math.min(wait, GOES_ON);
  const [ax, ay] = centre(a.last.box);
  const [bx, by] = centre(b.first.box);
  const va = speed(a.tail, fps);
  const vb = speed(b.head, fps);
  const far = Math.min(
    Math.hypot(bx - ax, by - ay),
    Math.hypot(bx - ax - va[0] * ahead, by - ay - va[1] * ahead),
    Math.hypot(bx - ax - vb[0] * ahead, by - ay - vb[1] * ahead),
  );
  const motion = far / size / (0.3 + Math.min(4, 2 * wait));
  // The mean size of a short tracklet says little.
  const trust = Math.min(1, a.hits / 15, b.hits / 15);
  const growth = Math.min(1, Math.abs(Math.log(b.size / a.size))) * trust;
  const moved = b.first.keypoints.map(([x, y, score]): [number, number, number] => [x - bx + ax, y - by + ay, score]);
  const pose = (1 - (keypointSimilarity(a.last.keypoints, moved, size) ?? 1)) * Math.exp(-wait / 0.3);
  return motion + 1.5 * growth + 0.5 * pose + 0.1 * wait + (gap < 0 ? 0.5 : 0);
}

/** What the looks of two tracklets add to the cost of their link: nothing where they may well be the same animal's or are not known. */
export function lookCost(a: StandardLook | null, b: StandardLook | null): number {
  return a === null || b === null ? 0 : a.weight * b.weight * Math.min(2, Math.max(0, apart(a, b) - 2) / 4);
}

/** Pixels per second over a few sightings. */
function speed(hits: Place[], fps: number): [number, number] {
  const first = hits[0]!;
  const last = hits.at(-1)!;
  const seconds = (last.frame - first.frame) / fps;
  if (seconds <= 0) return [0, 0];
  const [ax, ay] = centre(first.box);
  const [bx, by] = centre(last.box);
  return [(bx - ax) / seconds, (by - ay) / seconds];
}
