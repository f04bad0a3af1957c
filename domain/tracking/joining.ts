import { joinFreely } from "./join-free.ts";
import { joinOnLanes } from "./join-lanes.ts";
import type { LookSum } from "./looks.ts";
import type { Tracklet } from "./tracklet.ts";

/** So many tracklets are weighed against each other at once. Only a long video has more: hours with meetings. */
const AT_ONCE = 4000;
/** The share of them that lies last and may still be joined otherwise when more is known. */
const OPEN_END = 0.25;

/** Seconds after which nobody is waited for where the number of animals is not known: longer than any gap that is bridged then. */
const FORGOTTEN_S = 10;

/** What became of a tracklet: its animal's number, -1 for nobody. */
export interface Settled {
  tracklet: Tracklet;
  animal: number;
}

/**
 * Joins tracklets to animals while they come: when there are many, those that lie well before the latest are settled and can be forgotten,
 * so that neither memory nor time per frame grows with the video. A video with fewer is joined as a whole.
 */
export function createJoining({ numAnimals, fps, atOnce = AT_ONCE }: { numAnimals: number | null; fps: number; atOnce?: number | undefined }) {
  const openEnd = Math.ceil(OPEN_END * atOnce);
  /** Of each animal the last tracklet that is settled, with the looks of all of them. */
  let anchors: Settled[] = [];
  let animals = 0;
  let wanted = atOnce;

  return {
    /** Whether enough tracklets wait. */
    due: (waiting: number) => waiting >= wanted,

    /**
     * `waiting`: all that are not settled, by first frame; `ended`: whether one will not grow any more; `least`: fewer sightings are nobody; `all`: nothing will follow.
     * Gives those that are settled now.
     */
    settle(waiting: Tracklet[], { ended, least, all }: { ended: (tracklet: Tracklet) => boolean; least: number; all: boolean }): Settled[] {
      const sound = waiting.filter(({ hits }) => hits >= least);
      const fixed = anchors.length;
      const together = [...anchors.map(({ tracklet }) => tracklet), ...sound];
      const labels = numAnimals === null ? joinFreely(together, fps, fixed) : joinOnLanes(together, numAnimals, fps, fixed);
      const animalOf = new Map(anchors.map(({ animal }, i) => [labels[i]!, animal]));
      const before = all ? Infinity : lastFrames(waiting)[Math.max(0, waiting.length - openEnd)] ?? 0;
      const done = (tracklet: Tracklet): boolean => tracklet.last.frame < before && (all || ended(tracklet));
      const settled: Settled[] = waiting.filter((tracklet) => tracklet.hits < least && done(tracklet)).map((tracklet) => ({ tracklet, animal: -1 }));
      const ends = new Map(anchors.map((anchor) => [anchor.animal, anchor.tracklet]));
      for (const [i, tracklet] of sound.entries()) {
        const label = labels[fixed + i]!;
        if (!done(tracklet)) continue;
        if (label >= 0 && !animalOf.has(label)) animalOf.set(label, animals++);
        const animal = label < 0 ? -1 : animalOf.get(label)!;
        settled.push({ tracklet, animal });
        if (animal >= 0) ends.set(animal, { ...tracklet, look: added(ends.get(animal)?.look ?? null, tracklet.look) });
      }
      anchors = [...ends].map(([animal, tracklet]) => ({ animal, tracklet })).filter(({ tracklet }) => numAnimals !== null || before - tracklet.last.frame < FORGOTTEN_S * fps);
      wanted = Math.max(atOnce, waiting.length - settled.length + openEnd);
      return settled;
    },
  };
}

const lastFrames = (tracklets: Tracklet[]): number[] => tracklets.map(({ last }) => last.frame).toSorted((a, b) => a - b);

function added(a: LookSum | null, b: LookSum | null): LookSum | null {
  if (a === null || b === null) return a ?? b;
  return { count: a.count + b.count, sum: a.sum.map((value, c) => value + b.sum[c]!), squares: a.squares.map((value, c) => value + b.squares[c]!) };
}
