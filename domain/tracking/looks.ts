import type { Look } from "../appearance.ts";
import type { Tracklet } from "./tracklet.ts";

/** The looks of a tracklet's sightings in which nobody else was near, summed up by channel. */
export interface LookSum {
  count: number;
  sum: number[];
  squares: number[];
}

/** The mean look of a tracklet, in spreads of one animal's look, and how much it says, 0 .. 1. */
export interface StandardLook {
  look: number[];
  weight: number;
}

/** Sightings that say half of what many would say: those of one moment are all alike. */
const HALF = 10;
/** Looks are not told apart more finely, of 255. */
const LEAST_SPREAD = 2;

export function addLook(to: LookSum | null, look: Look): LookSum {
  const into = to ?? { count: 0, sum: [0, 0, 0], squares: [0, 0, 0] };
  into.count += 1;
  for (const [channel, value] of look.entries()) {
    into.sum[channel]! += value;
    into.squares[channel]! += value * value;
  }
  return into;
}

/** Tracklet by tracklet; null for one of which no look is known. The spread is that within the tracklets: an animal turns, and passes through light and shade. The first `fixed` ones are of many tracklets each, and do not count for it. */
export function standardLooks(tracklets: Tracklet[], fixed = 0): (StandardLook | null)[] {
  const sums = tracklets.map(({ look }) => look);
  const single = sums.slice(fixed);
  const freedom = single.reduce((sum, look) => sum + Math.max(0, (look?.count ?? 0) - 1), 0);
  const spread = [0, 1, 2].map((channel) => {
    const within = single.reduce((sum, look) => sum + (look === null ? 0 : look.squares[channel]! - look.sum[channel]! ** 2 / look.count), 0);
    return Math.max(LEAST_SPREAD, Math.sqrt(within / Math.max(1, freedom)));
  });
  return sums.map((look) => look === null ? null : { look: look.sum.map((sum, channel) => sum / look.count / spread[channel]!), weight: look.count / (look.count + HALF) });
}

/** Mean over the channels of the squared difference, in spreads; about 0 .. 2 for one and the same animal. */
export function apart(a: StandardLook, b: StandardLook): number {
  return a.look.reduce((sum, value, channel) => sum + (value - b.look[channel]!) ** 2, 0) / a.look.length;
}
