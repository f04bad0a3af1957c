import { key, secondsOf, type Step } from "./actions.ts";

/** What the page can do for a whole frame at once, before single animals are corrected. Only the page knows what comes out: each is tried. */
export interface Start {
  name: string;
  steps: Step[];
  seconds: number;
  /** There has to be a frame before. */
  needsPrevious: boolean;
}

const start = (name: string, needsPrevious: boolean, ...keys: string[]): Start => {
  const steps = keys.map((pressed) => key("start", pressed));
  return { name, steps, seconds: secondsOf(steps), needsPrevious };
};

export const STARTS: readonly Start[] = [start("pre-labels", false), start("copy previous", true, "c")];
