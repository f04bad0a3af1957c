/** Frames `from` to `to` in which two animals may have been taken for each other. */
export interface DoubtfulMoment {
  from: number;
  to: number;
  /** Of frame `from`, seconds. */
  time: number;
  /** The lower one first. */
  ids: [number, number];
  /** `close`: each box might have been the other's. `merged`: one of the two was not found where the other one was. */
  why: "close" | "merged";
}

/** What a pair of tracklets leaves behind: numbers, as a night has tens of thousands. */
interface Episode {
  from: number;
  to: number;
  time: number;
  a: number;
  b: number;
  merged: boolean;
}

/** Moments of the same two animals that lie nearer than so many seconds are one. */
const ONE_MOMENT_S = 0.5;

/** Remembers in which frames two tracks were hard to tell apart. */
export function createDoubtLog(fps: number): {
  note: (episode: { frame: number; time: number; a: number; b: number; merged: boolean }) => void;
  moments: (idOf: (tracklet: number) => number) => DoubtfulMoment[];
} {
  const gap = ONE_MOMENT_S * fps;
  const closed: Episode[] = [];
  let open = new Map<string, Episode>();
  let swept = 0;

  /** Closes what has not been in doubt for a while. */
  function sweep(frame: number): void {
    for (const episode of open.values()) if (frame - episode.to > gap) closed.push(episode);
    open = new Map([...open].filter(([, { to }]) => frame - to <= gap));
    swept = frame;
  }

  return {
    note({ frame, time, a, b, merged }) {
      if (frame - swept > gap) sweep(frame);
      const [low, high] = a < b ? [a, b] : [b, a];
      const key = `${low} ${high}`;
      const known = open.get(key);
      if (known === undefined) {
        open.set(key, { from: frame, to: frame, time, a: low, b: high, merged });
      } else {
        known.to = frame;
        known.merged ||= merged;
      }
    },
    /** By frame. Pairs of which one is nobody, and two tracklets of the same animal, are no moment. */
    moments(idOf) {
      const last = new Map<string, DoubtfulMoment>();
      const found: DoubtfulMoment[] = [];
      for (const { from, to, time, a, b, merged } of [...closed, ...open.values()].toSorted((x, y) => x.from - y.from)) {
        const ids = [idOf(a), idOf(b)].toSorted((x, y) => x - y) as [number, number];
        if (ids[0] < 0 || ids[0] === ids[1]) continue;
        const before = last.get(ids.join(" "));
        if (before !== undefined && from - before.to <= gap) {
          before.to = Math.max(before.to, to);
          if (merged) before.why = "merged";
          continue;
        }
        const moment: DoubtfulMoment = { from, to, time, ids, why: merged ? "merged" : "close" };
        last.set(ids.join(" "), moment);
        found.push(moment);
      }
      return found;
    },
  };
}
