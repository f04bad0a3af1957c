/**
 * What a hand does, and what that costs: the keystroke-level model (Card, Moran and Newell, 1980) with fixed seconds.
 * A click is a travel and a press; a drag is a travel, a press that is held, and a travel to where it ends.
 * A key held with others (Shift, Ctrl, Alt) is a keystroke of its own, once for keys that follow each other.
 */
export const SECONDS = { key: 0.28, point: 1.1, press: 0.2, look: 1.2 } as const;
export type ActionKind = keyof typeof SECONDS;
export type Counts = Record<ActionKind, number>;

/** Pixels of the upright frame. */
export type Place = [x: number, y: number];

/** What for: where the seconds go. */
export type Purpose = "look" | "start" | "select" | "box" | "keypoints" | "delete" | "confirm";

export type Step = { why: Purpose } & ({ do: "key"; key: string } | { do: "click"; at: Place; shift?: boolean } | { do: "drag"; from: Place; to: Place } | { do: "look" });

export const key = (why: Purpose, name: string): Step => ({ why, do: "key", key: name });
export const click = (why: Purpose, at: Place, shift = false): Step => ({ why, do: "click", at, ...(shift ? { shift } : {}) });
export const drag = (why: Purpose, from: Place, to: Place): Step => ({ why, do: "drag", from, to });
export const times = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step);

/** `Control+z`: Control. A plus sign alone is a key. */
const modifiersOf = (name: string): string[] => (name.length > 1 ? name.split("+").slice(0, -1) : []);

export function countsOf(steps: readonly Step[]): Counts {
  const counts: Counts = { key: 0, point: 0, press: 0, look: 0 };
  let held = "";
  for (const step of steps) {
    const holds = step.do === "key" ? modifiersOf(step.key) : step.do === "click" && step.shift === true ? ["Shift"] : [];
    if (holds.join("+") !== held) counts.key += holds.length;
    held = holds.join("+");
    if (step.do === "look") counts.look += 1;
    else if (step.do === "key") counts.key += 1;
    else {
      counts.point += step.do === "drag" ? 2 : 1;
      counts.press += 1;
    }
  }
  return counts;
}

export const costOf = (counts: Counts): number => (Object.keys(SECONDS) as ActionKind[]).reduce((sum, kind) => sum + counts[kind] * SECONDS[kind], 0);
export const secondsOf = (steps: readonly Step[]): number => costOf(countsOf(steps));
