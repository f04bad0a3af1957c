import type { PacketIndex, Segment, VideoInfo } from "./detections.ts";
import { timeOf } from "./segments.ts";

/**
 * frames.csv: what the packet index says of a video's frames, and which of them the decoder really gave.
 * Frames keep the numbers of the index, as labels were drawn by them; where the two disagree, what the decoder gave counts.
 */

/** What decoding a segment showed. */
export interface Account {
  /** Frames of the index that the decoder did not give, ascending. */
  missing: number[];
  /** Presentation times (ticks) of frames that the decoder gave and the index does not have, or has once only; null: it had no time. */
  unknown: (number | null)[];
}

/** Names a segment's frames by their presentation times, as they come from the decoder. */
export interface FrameMatcher {
  /** The frame of this time; null for one that the index does not have, or that was there before. */
  match(pts: number): number | null;
  account(): Account;
}

export function createMatcher({ pts: times }: PacketIndex, { start, end }: Segment): FrameMatcher {
  const last = Math.min(end, times.length);
  const account: Account = { missing: [], unknown: [] };
  let next = start;
  return {
    match(pts) {
      while (next < last && (times[next] ?? Infinity) < pts) account.missing.push(next++);
      if (next < last && times[next] === pts) return next++;
      account.unknown.push(Number.isNaN(pts) ? null : pts);
      return null;
    },
    account() {
      while (next < last) account.missing.push(next++);
      return account;
    },
  };
}

/** Frames on which decoder and index disagree. */
export const differingIn = ({ missing, unknown }: Account): number => missing.length + unknown.length;

export const LEDGER_HEADER = "frame,pts,time,key_frame,decoded,rotation";

/** A segment, and what decoding it showed; null where that is not known in full. */
export interface SeenSegment {
  segment: Segment;
  account: Account | null;
}

/**
 * The lines of frames.csv without their ends: a row per frame of the index, and one without a number per frame that only the decoder gave.
 * `decoded`: 1, 0, or empty for frames that nobody decoded.
 */
export function* ledgerLines(options: { index: PacketIndex; rotation: VideoInfo["rotation"]; segments: Iterable<SeenSegment> }): Generator<string> {
  const { index, rotation } = options;
  let key = 0;
  const rowOf = (frame: number, decoded: "1" | "0" | ""): string => {
    while ((index.key_frames[key] ?? Infinity) < frame) key++;
    return `${frame},${index.pts[frame]},${timeOf(index, frame)},${index.key_frames[key] === frame ? 1 : 0},${decoded},${rotation}`;
  };
  let done = 0;
  for (const { segment, account } of options.segments) {
    for (; done < segment.start; done++) yield rowOf(done, "");
    const missing = new Set(account?.missing);
    const unknown = (account?.unknown ?? []).toSorted((a, b) => (a ?? Infinity) - (b ?? Infinity));
    const only = (pts: number | null | undefined): string => (pts === null || pts === undefined ? `,,,,1,${rotation}` : `,${pts},${secondsAfterFirst(index, pts)},,1,${rotation}`);
    for (; done < segment.end; done++) {
      while (unknown.length > 0 && (unknown[0] ?? Infinity) < (index.pts[done] ?? 0)) yield only(unknown.shift());
      yield rowOf(done, account === null ? "" : missing.has(done) ? "0" : "1");
    }
    for (const pts of unknown) yield only(pts);
  }
  for (; done < index.pts.length; done++) yield rowOf(done, "");
}

/** Of any presentation time, also one that no frame of the index has. */
const secondsAfterFirst = ({ pts, time_base: [numerator, denominator] }: PacketIndex, ticks: number): number => Math.round((((ticks - (pts[0] ?? 0)) * numerator) / denominator) * 1e6) / 1e6;
