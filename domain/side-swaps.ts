import { diagonal } from "./boxes.ts";
import type { TrackedFrame } from "./smoothing.ts";

/** Two keypoints that a mirror image exchanges: a left and a right one. */
export type Pair = [number, number];

/** Where a keypoint is less sure than this its side says nothing. */
const SEEN = 0.3;
/** Seconds on either side of a frame that are weighed: what is exchanged for longer cannot be told from what is not. */
const AROUND_S = 0.5;
/** In box diagonals: what it costs to call a stretch exchanged, at each of its ends and by the second. The way from a right pair to an exchanged one is twice their distance. */
const END = 0.06;
const SECOND = 0.25;
/** Over a longer gap, seconds, an animal may have turned round. */
const GAP_S = 0.25;

/** One animal's pair in one frame. */
interface Seen {
  time: number;
  /** From the second keypoint to the first, in box diagonals. */
  x: number;
  y: number;
  /** Whether it points more against its forerunner than along it. */
  turned: boolean;
}

/** Pairs from what each keypoint becomes in a mirror image. */
export const pairsOf = (flipIdx: number[] | null): Pair[] => (flipIdx ?? []).flatMap((to, from): Pair[] => (to > from ? [[from, to]] : []));

/**
 * Finds frames in which a model took left for right: the way from one to the other points against that of the frames before and after.
 * The likeliest course over the frames around (Viterbi's method with two states), so that a stretch of frames is found as well as one.
 * Only the direction counts, not where the animal is: it may walk as fast as it likes. Memory: the frames of a second.
 */
export function createSwapFinder(pairs: Pair[]): { push: (frame: TrackedFrame) => TrackedFrame[]; finish: () => TrackedFrame[] } {
  let waiting: TrackedFrame[] = [];
  /** By animal and pair, in order of time. */
  const seen = new Map<string, Seen[]>();

  function note(frame: TrackedFrame): void {
    for (const [i, id] of frame.ids.entries()) {
      const { box, keypoints } = frame.detections[i]!;
      for (const [n, [a, b]] of pairs.entries()) {
        const [one, other] = [keypoints[a], keypoints[b]];
        if (one === undefined || other === undefined || one[2] < SEEN || other[2] < SEEN) continue;
        const size = Math.max(1e-6, diagonal(box));
        const key = `${id} ${n}`;
        const course = seen.get(key) ?? [];
        const [x, y] = [(one[0] - other[0]) / size, (one[1] - other[1]) / size];
        const before = course.at(-1);
        course.push({ time: frame.time, x, y, turned: before !== undefined && before.x * x + before.y * y < 0 });
        const old = course.findIndex(({ time }) => time >= frame.time - 2 * AROUND_S);
        if (old > 0) course.splice(0, old);
        seen.set(key, course);
      }
    }
  }

  function release(until: number): TrackedFrame[] {
    const count = waiting.findIndex(({ time }) => time + AROUND_S >= until);
    const ready = waiting.splice(0, count < 0 ? waiting.length : count);
    const oldest = (ready[0]?.time ?? until) - 2 * AROUND_S;
    for (const [key, course] of seen) if ((course.at(-1)?.time ?? 0) < oldest) seen.delete(key);
    return ready.map((frame) => ({ ...frame, swaps: frame.ids.map((id) => pairs.filter((_, n) => exchanged(seen.get(`${id} ${n}`) ?? [], frame.time))) }));
  }

  return {
    push(frame) {
      if (pairs.length === 0) return [{ ...frame, swaps: frame.ids.map(() => []) }];
      const ready = release(frame.time);
      waiting.push(frame);
      note(frame);
      return ready;
    },
    finish: () => release(Infinity),
  };
}

function exchanged(course: Seen[], time: number): boolean {
  const near = course.filter((one) => Math.abs(one.time - time) <= AROUND_S);
  const at = near.findIndex((one) => one.time === time);
  if (at < 0 || !near.slice(1).some(({ turned }) => turned)) return false;
  let [right, wrong] = [0, END];
  const from: [boolean, boolean][] = [];
  for (const [i, one] of near.entries()) {
    if (i === 0) continue;
    const before = near[i - 1]!;
    const seconds = one.time - before.time;
    const follows = seconds <= GAP_S;
    const stay = follows ? Math.hypot(one.x - before.x, one.y - before.y) : 0;
    const change = (follows ? Math.hypot(one.x + before.x, one.y + before.y) : 0) + END;
    // Whether the frame before is exchanged, if this one is right, and if it is not.
    from[i] = [wrong + change < right + stay, wrong + stay < right + change];
    [right, wrong] = [Math.min(right + stay, wrong + change), Math.min(wrong + stay, right + change) + SECOND * Math.min(seconds, GAP_S)];
  }
  let state = wrong < right;
  for (let i = near.length - 1; i > at; i -= 1) state = from[i]![state ? 1 : 0];
  return state;
}
