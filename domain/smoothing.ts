import type { Detection } from "./detections.ts";

/** One processed frame after tracking: `ids[i]` is the animal that `detections[i]` shows, ascending. */
export interface TrackedFrame {
  frame: number;
  /** Seconds after the first frame. */
  time: number;
  ids: number[];
  detections: Detection[];
  /** For each animal the pairs of keypoints that the model seems to have exchanged (side-swaps.ts). */
  swaps?: [number, number][][];
}

export interface SmoothedFrame extends TrackedFrame {
  /** x, y of every keypoint of every detection, in its pixels; what was exchanged is put right. */
  smoothed: [number, number][][];
}

/** Seconds on either side of a frame that count. Shorter than any movement that behaviour is told by, longer than a model's jitter. */
const HALF_WINDOW_S = 0.13;
/** Where frames are far apart: so many of them, as fewer leave nothing to smooth with, but no more than so many seconds, in which an animal has begun another movement. */
const HALF_WINDOW_FRAMES = 2.5;
const LONGEST_HALF_WINDOW_S = 0.25;
/** A parabola goes through three points; smoothing begins with a fourth. */
const LEAST_SAMPLES = 4;

/** Seconds on either side, for frames that are so many seconds apart: the same time at any rate above 20 frames a second, five frames down to 10, none below 8. */
export const halfWindowOf = (frameS: number): number => Math.max(HALF_WINDOW_S, Math.min(LONGEST_HALF_WINDOW_S, HALF_WINDOW_FRAMES * frameS));

/**
 * Smooths keypoints as frames go by: each place is that of a parabola fitted to the same animal's sightings within the window,
 * weighted by score and nearness (Savitzky and Golay's filter, for uneven times and doubtful points). Never over an identity's change.
 * Memory: the frames of one window.
 */
export function createSmoother({ halfWindowS }: { halfWindowS: number }): { push(frame: TrackedFrame): SmoothedFrame[]; finish(): SmoothedFrame[] } {
  let window: TrackedFrame[] = [];
  /** How many frames of the window have been given back. */
  let given = 0;

  function release(until: number): SmoothedFrame[] {
    const ready: SmoothedFrame[] = [];
    for (let frame = window[given]; frame !== undefined && frame.time + halfWindowS < until; frame = window[given]) {
      ready.push(smooth(frame, window, halfWindowS));
      given += 1;
    }
    const oldest = (window[given]?.time ?? until) - halfWindowS;
    const gone = window.findIndex((frame) => frame.time >= oldest);
    const drop = Math.min(given, gone < 0 ? window.length : gone);
    window = window.slice(drop);
    given -= drop;
    return ready;
  }
  return {
    push(frame) {
      window.push(frame);
      return release(frame.time);
    },
    finish: () => release(Number.POSITIVE_INFINITY),
  };
}

function smooth(frame: TrackedFrame, window: TrackedFrame[], halfWindowS: number): SmoothedFrame {
  const near = window.filter(({ time }) => Math.abs(time - frame.time) <= halfWindowS);
  const smoothed = frame.detections.map((_, i) => {
    const sightings = near.flatMap((other) => {
      const at = other.ids.indexOf(frame.ids[i] ?? -1);
      return at < 0 ? [] : [{ t: (other.time - frame.time) / halfWindowS, points: pointsOf(other, at) }];
    });
    return pointsOf(frame, i).map(([x, y], k): [number, number] =>
      sightings.length < LEAST_SAMPLES ? [x, y] : parabolaAt0(sightings.flatMap(({ t, points }) => (points[k] === undefined ? [] : [{ t, point: points[k] }]))) ?? [x, y],
    );
  });
  return { ...frame, smoothed };
}

/** The keypoints of one animal of a frame, left and right where they belong. */
function pointsOf({ detections, swaps }: TrackedFrame, i: number): Detection["keypoints"] {
  const points = [...detections[i]!.keypoints];
  for (const [a, b] of swaps?.[i] ?? []) [points[a], points[b]] = [points[b]!, points[a]!];
  return points;
}

/** The value at t = 0 of the weighted parabola through the samples, t in -1..1; null where the samples do not fix one. */
function parabolaAt0(samples: { t: number; point: [number, number, number] }[]): [number, number] | null {
  let [s0, s1, s2, s3, s4, x0, x1, x2, y0, y1, y2] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (const { t, point: [x, y, score] } of samples) {
    // Tricube nearness, a little wider than the window so that its ends count too; the square of the score, so that guesses hardly do.
    const w = (1 - Math.abs(t / 1.05) ** 3) ** 3 * (score * score + 1e-4);
    const [wt, wtt] = [w * t, w * t * t];
    s0 += w;
    s1 += wt;
    s2 += wtt;
    s3 += wtt * t;
    s4 += wtt * t * t;
    x0 += w * x;
    x1 += wt * x;
    x2 += wtt * x;
    y0 += w * y;
    y1 += wt * y;
    y2 += wtt * y;
  }
  // First row of the adjugate of the normal equations' matrix.
  const [a, b, c] = [s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2];
  const determinant = s0 * a + s1 * b + s2 * c;
  if (determinant <= 1e-9 * s0 ** 3) return null;
  return [(a * x0 + b * x1 + c * x2) / determinant, (a * y0 + b * y1 + c * y2) / determinant];
}
