import { LISTED, type Moment, type Moments } from "./quality.ts";

const rounded = (value: number): number => Number(value.toFixed(4));

/** Keeps the worst moments, counts all. */
export function createMoments(worse: (a: Moment, b: Moment) => number) {
  let kept: Moment[] = [];
  let count = 0;
  let seconds = 0;
  const trim = (): Moment[] => (kept = kept.sort(worse).slice(0, LISTED));
  return {
    add(moment: Moment): void {
      count += 1;
      seconds += moment.end_time - moment.time;
      kept.push(moment);
      if (kept.length >= 2 * LISTED) trim();
    },
    finish: (): Moments => ({ count, seconds: rounded(seconds), listed: [...trim()].sort((a, b) => a.frame - b.frame || a.end_frame - b.end_frame).map((moment) => ({ ...moment, value: rounded(moment.value) })) }),
  };
}

/** The longest first. */
export const longest = (a: Moment, b: Moment): number => b.end_time - b.time - (a.end_time - a.time) || a.frame - b.frame;
/** The highest value first. */
export const highest = (a: Moment, b: Moment): number => b.value - a.value || a.frame - b.frame;

/** Shorter interruptions do not end a stretch, and a stretch that is shorter is none: a moment that nobody can see. Seconds. */
const LEAST_S = 0.2;

/**
 * Stretches of frames, one open at a time for each key. A frame lasts until the next one: `lasts` seconds.
 *
 * @param least seconds from which on a stretch counts
 */
export function createStretches(moments: { add(moment: Moment): void }, { lasts, least = LEAST_S }: { lasts: number; least?: number }) {
  const open = new Map<string, Moment>();
  function close(key: string, moment: Moment): void {
    open.delete(key);
    if (moment.end_time - moment.time >= least - 1e-9) moments.add(moment);
  }
  return {
    /** This frame belongs to the stretch of `key`. `worse`: which of two values is told. */
    extend(key: string, frame: { frame: number; time: number; ids: string[]; value: number }, worse: (a: number, b: number) => number): void {
      const before = open.get(key);
      const end = { end_frame: frame.frame, end_time: Number((frame.time + lasts).toFixed(6)) };
      if (before === undefined) open.set(key, { frame: frame.frame, time: frame.time, ids: frame.ids, value: frame.value, ...end });
      else Object.assign(before, end, { value: worse(before.value, frame.value) });
    },
    /** Ends what did not go on. */
    pass(time: number): void {
      for (const [key, stretch] of open) if (time - stretch.end_time > LEAST_S) close(key, stretch);
    },
    finish(): void {
      for (const [key, stretch] of open) close(key, stretch);
    },
  };
}
