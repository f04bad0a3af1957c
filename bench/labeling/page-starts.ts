import { key, secondsOf, type Step } from "./actions.ts";

/** What the page can do for a whole frame at once, before single animals are corrected. Only the page knows what comes out: each is tried. */
export interface Start {
  name: string;
  steps: Step[];
  seconds: number;
  /** Takes back what the page did by itself when the frame was opened; so many keys bring it back. */
  takesBack: string | null;
}

/** The page has looked for the animals of the frame before in this one. Where that is worse than what the pre-labeler left, it is undone. */
export const AS_SHOWN: Start = { name: "as shown", steps: [], seconds: 0, takesBack: null };
const undo: Step[] = [key("start", "Control+z")];
export const PRELABELS: Start = { name: "pre-labels", steps: undo, seconds: secondsOf(undo), takesBack: "Control+Shift+z" };
