import type { Watchable } from "../ui/hooks.ts";

/** How a person likes the labeling page; kept by the browser. */
export interface Preferences {
  /** A confirmed frame's animals are looked for in the next one. */
  carry: boolean;
  /** Of the picture; 1 leaves it as it is. */
  brightness: number;
  contrast: number;
}

export type LabelPreferences = ReturnType<typeof createPreferences>;

const SAVED_AS = "actverse-labeling";
const USUAL: Preferences = { carry: true, brightness: 1, contrast: 1 };
export const LIGHT = { least: 0.4, most: 4, step: 0.2 };

export function createPreferences(): Watchable<Preferences> & { set: (change: Partial<Preferences>) => void; lighter: (what: "brightness" | "contrast", by: 1 | -1) => void; resetLight: () => void } {
  let state = { ...USUAL, ...stored() };
  const listeners = new Set<() => void>();
  const set = (change: Partial<Preferences>): void => {
    state = { ...state, ...change };
    try {
      localStorage.setItem(SAVED_AS, JSON.stringify(state));
    } catch {
      // A browser that keeps nothing: it holds for this page.
    }
    for (const listener of listeners) listener();
  };
  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set,
    lighter: (what, by) => set({ [what]: Math.min(LIGHT.most, Math.max(LIGHT.least, Math.round((state[what] + by * LIGHT.step) * 10) / 10)) }),
    resetLight: () => set({ brightness: 1, contrast: 1 }),
  };
}

function stored(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(SAVED_AS) ?? "{}") as Partial<Preferences>;
  } catch {
    return {};
  }
}
