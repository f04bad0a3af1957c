import { apart, type StandardLook } from "./looks.ts";

/** What an exchange must be better by: about the luck that the best of some hundred places has. */
const MARGIN = 3;
/** An exchange may be taken back after so many tracklets of the two lanes; else it is for good. */
const WITHIN = 60;
/** An animal cannot have gone on over a link of this cost or more: nobody changes lanes there. */
const NO_WAY = 3;
/** So many exchanges are weighed in all: a bound on the time that a night with thousands of meetings takes. Those that matter most come first. */
const WEIGHED = 2e7;

/** Sums over the first tracklets of a lane: of weights, of weighted looks, of weighted squares. */
interface Sums {
  weight: number;
  look: number[];
  squares: number;
}

interface Exchange {
  /** From the cut on, in number of tracklets of each lane that stay before it, and (excluded) up to the second cut. */
  from: [number, number];
  to: [number, number];
  gain: number;
}

/**
 * Where two lanes have changed animals, the looks on both are mixed: exchanges, between two lanes, what follows a place (or what lies between
 * two places) as long as that makes each lane's looks more alike by more than the links there cost. Best first.
 * `lanes`: indices of tracklets in order of time; changed in place. Those below `fixed` stay where they are: they come first on their lanes.
 */
export function exchange(lanes: number[][], { begins, looks, linkCost, fixed = 0 }: { begins: (tracklet: number) => number; looks: (StandardLook | null)[]; linkCost: (from: number, to: number) => number; fixed?: number }): void {
  if (!looks.some((look) => look !== null)) return;
  const noise = noiseOf(lanes, looks);
  const found = new Map<string, Exchange | null>();
  let weighed = 0;
  while (weighed < WEIGHED) {
    let best: { a: number; b: number; how: Exchange } | null = null;
    for (let b = 1; b < lanes.length; b += 1) {
      for (let a = 0; a < b; a += 1) {
        const key = `${a} ${b}`;
        if (!found.has(key)) found.set(key, bestExchange(lanes[a]!, lanes[b]!));
        const how = found.get(key) ?? null;
        if (how !== null && how.gain > (best?.how.gain ?? MARGIN)) best = { a, b, how };
      }
    }
    if (best === null) return;
    const { a, b, how: { from, to } } = best;
    const [one, other] = [lanes[a]!, lanes[b]!];
    lanes[a] = [...one.slice(0, from[0]), ...other.slice(from[1], to[1]), ...one.slice(to[0])];
    lanes[b] = [...other.slice(0, from[1]), ...one.slice(from[0], to[0]), ...other.slice(to[1])];
    for (const key of found.keys()) if (key.split(" ").some((lane) => lane === `${a}` || lane === `${b}`)) found.delete(key);
  }

  function bestExchange(a: number[], b: number[]): Exchange | null {
    const [sumsA, sumsB] = [sumsOf(a), sumsOf(b)];
    const cuts = cutsOf(a, b);
    const before = scatter(sumsA.at(-1)!) + scatter(sumsB.at(-1)!);
    let best: Exchange | null = null;
    for (const [k, from] of cuts.entries()) {
      const ends = cuts.slice(k + 1, k + 1 + WITHIN);
      weighed += ends.length + 1;
      for (const to of [...ends, [a.length, b.length] as [number, number]]) {
        const after = scatter(swapped(sumsA, sumsB, [from[0], to[0]], [from[1], to[1]])) + scatter(swapped(sumsB, sumsA, [from[1], to[1]], [from[0], to[0]]));
        const looksGain = (before - after) / noise;
        if (looksGain <= (best?.gain ?? MARGIN)) continue;
        const gain = looksGain - linksOf(a, b, from, to) - linksOf(b, a, [from[1], from[0]], [to[1], to[0]]);
        if (gain > (best?.gain ?? MARGIN)) best = { from, to, gain };
      }
    }
    return best;
  }

  /** What the links of lane `a` cost more when its middle is that of `b`. */
  function linksOf(a: number[], b: number[], from: [number, number], to: [number, number]): number {
    return junctions(a[from[0] - 1], b.slice(from[1], to[1]), a[to[0]]) - junctions(a[from[0] - 1], a.slice(from[0], to[0]), a[to[0]]);
  }

  function cost(from: number | undefined, to: number | undefined): number {
    return from === undefined || to === undefined ? 0 : linkCost(from, to);
  }

  function junctions(before: number | undefined, middle: number[], after: number | undefined): number {
    return middle.length === 0 ? cost(before, after) : cost(before, middle[0]) + cost(middle.at(-1), after);
  }

  /** The places in time, between tracklets of the two lanes, where the animals may have changed: how many of each lie before it. */
  function cutsOf(a: number[], b: number[]): [number, number][] {
    const cuts: [number, number][] = [];
    for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
      if (j >= b.length || (i < a.length && begins(a[i]!) <= begins(b[j]!))) i += 1;
      else j += 1;
      if ((a[i] ?? fixed) < fixed || (b[j] ?? fixed) < fixed) continue;
      if (i + j < a.length + b.length && cost(a[i - 1], b[j]) < NO_WAY && cost(b[j - 1], a[i]) < NO_WAY) cuts.push([i, j]);
    }
    return cuts;
  }

  function sumsOf(lane: number[]): Sums[] {
    const sums: Sums[] = [{ weight: 0, look: [0, 0, 0], squares: 0 }];
    for (const tracklet of lane) {
      const last = sums.at(-1)!;
      const own = looks[tracklet] ?? null;
      sums.push(own === null ? last : { weight: last.weight + own.weight, look: last.look.map((value, c) => value + own.weight * own.look[c]!), squares: last.squares + own.weight * apart(own, { look: [0, 0, 0], weight: 1 }) });
    }
    return sums;
  }
}

/** The sums of a whole lane, a stretch of it replaced by one of another lane. */
function swapped(own: Sums[], other: Sums[], [from, to]: [number, number], [otherFrom, otherTo]: [number, number]): Sums {
  const sum = (of: (sums: Sums) => number): number => of(own.at(-1)!) - of(own[to]!) + of(own[from]!) + of(other[otherTo]!) - of(other[otherFrom]!);
  return { weight: sum(({ weight }) => weight), look: [0, 1, 2].map((c) => sum(({ look }) => look[c]!)), squares: sum(({ squares }) => squares) };
}

/** How unlike each other the looks on a lane are: half the squared distances from their mean, as a log likelihood. */
function scatter({ weight, look, squares }: Sums): number {
  if (weight < 1e-9) return 0;
  return Math.max(0, squares - look.reduce((sum, value) => sum + value * value, 0) / weight / look.length) / 2;
}

/** How unlike each other one animal's looks are from one tracklet to the next, in squared spreads, at least 1: the middle value of all, so that a few exchanges do not count. */
function noiseOf(lanes: number[][], looks: (StandardLook | null)[]): number {
  const steps = lanes.flatMap((lane) => {
    const known = lane.flatMap((tracklet) => looks[tracklet] ?? []).filter(({ weight }) => weight > 0.5);
    return known.slice(1).map((look, i) => apart(known[i]!, look) / 2);
  });
  return Math.max(1, 2 * (steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0));
}
