/** A reviewed frame. `contents`: the names of the classes and keypoints that occur in it; empty for a background image. */
export interface SplitFrame {
  frame: number;
  /** Seconds. */
  time: number;
  contents: string[];
}

export interface Split {
  /** Frame numbers, ascending. */
  train: number[];
  val: number[];
  /** Left out so that val is not a near copy of train. */
  gap: number[];
  /** Seconds between the nearest train and val frame; 0 where one frame serves both. */
  minDistance: number;
  notes: string[];
}

export const VAL_SHARE = 0.15;
/** More cost time in every epoch and make the figures hardly better. */
const VAL_MOST = 200;
/** From so many frames on, more blocks: val shows more of the video. */
const BLOCKS_FROM = [30, 100];
/** Below this a label is worth more than a gap. */
const GAP_FROM = 30;
/** Frames further apart than this differ enough without a gap. */
const GAP_SECONDS = 2;

/**
 * Splits by contiguous blocks, spread evenly over the video, and leaves out what lies next to a block: neighbouring frames look
 * alike, and a model that has seen them looks better than it is. Few labels are dear, so the gap is at most one frame in sixty
 * on each side of a block, and none where frames are few or already seconds apart (60 frames of a one-minute clip: 47 train, 9 val, 4 gap).
 *
 * The blocks move where else a class or keypoint would be in val alone, or val would be empty of objects.
 * The same frames give the same split. At least one frame is needed.
 */
export function splitFrames(frames: SplitFrame[]): Split {
  const sorted = frames.toSorted((a, b) => a.frame - b.frame);
  const [first] = sorted;
  if (first === undefined) throw new RangeError("no frames to split");
  if (sorted.length === 1) return { train: [first.frame], val: [first.frame], gap: [], minDistance: 0, notes: ["Only one labeled frame: it both trains and validates, so the figures say little."] };

  const best = bestParts(sorted);
  const notes: string[] = [];
  if (best.val.every((frame) => frame.contents.length === 0)) {
    const shared = best.train.find((frame) => frame.contents.length > 0);
    if (shared !== undefined) {
      best.val = [...best.val, shared].toSorted((a, b) => a.frame - b.frame);
      notes.push(`Frame ${shared.frame} both trains and validates: no other frame has an object.`);
    }
  }
  if (best.val.length < 3) notes.push(`Only ${best.val.length} frame${best.val.length === 1 ? "" : "s"} to validate on: the figures say little.`);
  const numbers = (list: SplitFrame[]): number[] => list.map((frame) => frame.frame);
  let minDistance = Infinity;
  for (const v of best.val) for (const t of best.train) minDistance = Math.min(minDistance, Math.abs(v.time - t.time));
  return { train: numbers(best.train), val: numbers(best.val), gap: numbers(best.gap), minDistance, notes };
}

interface Parts {
  train: SplitFrame[];
  val: SplitFrame[];
  gap: SplitFrame[];
}

/** Shifts by 0, 1, -1, 2, -2, ... and takes the nearest place where all that train needs is in train and val shows all of it, else the best. */
function bestParts(sorted: SplitFrame[]): Parts {
  let best = parts(sorted, 0);
  // Bounded, since each costs time.
  for (let step = 1; step <= Math.min(sorted.length, 100) && quality(best) < quality({ train: sorted, val: sorted }); step++) {
    for (const shift of [step, -step]) {
      const other = parts(sorted, shift);
      if (quality(other) > quality(best)) best = other;
    }
  }
  return best;
}

function parts(sorted: SplitFrame[], shift: number): Parts {
  const count = sorted.length;
  const blocks = 1 + BLOCKS_FROM.filter((from) => count >= from).length;
  const valCount = Math.min(Math.max(1, Math.round(count * VAL_SHARE)), VAL_MOST);
  const reach = count >= GAP_FROM ? Math.max(1, Math.floor(count / 60)) : 0;
  const side = new Map<SplitFrame, "val" | "gap">();
  for (let block = 0; block < blocks; block++) {
    const size = Math.floor((valCount + block) / blocks);
    const wanted = Math.round((count * (block + 0.5)) / blocks - size / 2) + shift;
    const start = Math.min(Math.max(wanted, 0), count - size);
    for (const frame of sorted.slice(start, start + size)) side.set(frame, "val");
    const [begin, end] = [sorted[start]!, sorted[start + size - 1]!];
    for (const frame of sorted.slice(Math.max(start - reach, 0), start)) if (begin.time - frame.time < GAP_SECONDS && !side.has(frame)) side.set(frame, "gap");
    for (const frame of sorted.slice(start + size, start + size + reach)) if (frame.time - end.time < GAP_SECONDS && !side.has(frame)) side.set(frame, "gap");
  }
  const of = (which: "val" | "gap" | undefined): SplitFrame[] => sorted.filter((frame) => side.get(frame) === which);
  return { train: of(undefined), val: of("val"), gap: of("gap") };
}

/** What train has never seen it cannot learn; then val should show as much as it can. */
const quality = ({ train, val }: Pick<Parts, "train" | "val">): number => kindsOf(train) * 10_000 + kindsOf(val);
const kindsOf = (frames: SplitFrame[]): number => new Set(frames.flatMap((frame) => frame.contents)).size;
