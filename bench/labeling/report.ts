import { countsOf, costOf, secondsOf, type ActionKind, type Purpose, type Step } from "./actions.ts";

const KINDS: [ActionKind, string][] = [
  ["key", "keystrokes"],
  ["point", "pointings"],
  ["press", "clicks"],
  ["look", "looks"],
];

/** Actions per frame by kind, and seconds per frame by purpose, in one line. */
export function describeSteps(frames: readonly Step[][]): string {
  const all = frames.flat();
  const counts = countsOf(all);
  const perFrame = (value: number): string => (value / frames.length).toFixed(2);
  const kinds = KINDS.map(([kind, name]) => `${perFrame(counts[kind])} ${name}`).join(", ");
  const purposes = [...new Set(all.map(({ why }) => why))].map((why: Purpose) => ({ why, seconds: secondsOf(all.filter((step) => step.why === why)) })).toSorted((a, b) => b.seconds - a.seconds);
  return `a frame: ${kinds}; of ${perFrame(costOf(counts))} s, ${purposes.map(({ why, seconds }) => `${why} ${perFrame(seconds)}`).join(", ")}`;
}
