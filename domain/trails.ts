import type { ResultRow } from "./result.ts";

/** Where each animal was a moment ago, as the annotated video shows it. */

/** How far a trail goes back. */
const TRAIL_S = 1;
/** An animal that was away for longer begins a new trail: a line across the gap would be invented. */
const GAP_S = 0.25;
/** A bend every so many seconds is smooth enough, and each costs the drawing. */
const STEP_S = 0.06;

type Point = readonly [number, number];
interface Place {
  time: number;
  point: Point;
}

/** Rows come in, in order; out come the trails up to each of them, oldest place first, as shares of the picture. `frameS`: seconds between processed frames. */
export function createTrails({ frameS }: { frameS: number }): (row: ResultRow) => ReadonlyMap<string, readonly Point[]> {
  const gap = Math.max(GAP_S, 2.5 * frameS);
  const places = new Map<string, Place[]>();
  return (row) => {
    const now = row.timestamp;
    const trails = new Map<string, readonly Point[]>();
    row.ids.forEach((id, i) => {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = row.boxes[i] ?? [];
      const here: Place = { time: now, point: [(x1 + x2) / 2, (y1 + y2) / 2] };
      const before = places.get(id) ?? [];
      const old = now - (before.at(-1)?.time ?? -Infinity) > gap ? [] : before.filter(({ time }) => now - time <= TRAIL_S);
      // The last place moves along until it is a step away from the one before it.
      const last = old.at(-2);
      const kept = last !== undefined && (old.at(-1)?.time ?? now) - last.time < STEP_S ? old.slice(0, -1) : old;
      const all = [...kept, here];
      places.set(id, all);
      trails.set(id, all.map(({ point }) => point));
    });
    return trails;
  };
}
