/** As good a pair as the one that was made, but for so much (see costOf): another pair may as well be the right one. */
const MARGIN = 0.1;

export interface Matching {
  /** cost[track][detection] */
  cost: number[][];
  /** The detection of each track, -1 for none. */
  detectionOf: Int32Array;
  /** The track of each detection, -1 for none. */
  trackOf: Int32Array;
  /** Costs from which on a pair is never made. */
  limit: number;
  /** Whether a track may lay claim to a detection that another one got. */
  counts: (track: number) => boolean;
}

/**
 * Whether a track's match is one of several that are nearly as good: it and another track might change places,
 * a track that got nothing might have its detection, or a detection that nobody got might be its own.
 */
export function inDoubt(track: number, matching: Matching): boolean {
  const { cost, detectionOf, trackOf } = matching;
  const own = cost[track]![detectionOf[track]!]!;
  return cost[track]!.some((price, other) => trackOf[other]! < 0 && price < own + MARGIN) || rivalsOf(track, matching).length > 0;
}

/** The tracks with which a track might have to change its match, or to which it might have to leave it. */
export function rivalsOf(track: number, { cost, detectionOf, limit, counts }: Matching): number[] {
  const detection = detectionOf[track]!;
  const own = cost[track]![detection]!;
  return [...cost.keys()].filter((rival) => {
    if (rival === track || !counts(rival)) return false;
    const prices = cost[rival]!;
    const theirs = detectionOf[rival]!;
    if (theirs < 0) return prices[detection]! < Math.min(limit, own + MARGIN);
    return prices[detection]! + cost[track]![theirs]! < own + prices[theirs]! + MARGIN;
  });
}
