import type { FrameLabels } from "../../domain/labels.ts";
import { key, type Step } from "./actions.ts";
import type { Hand } from "./hand.ts";
import { planFrame, type Plan } from "./page-plan.ts";
import { AS_SHOWN, PRELABELS, type Start } from "./page-starts.ts";
import type { Scene } from "./page-ways.ts";
import { faultsOf, type Target } from "./tolerance.ts";

export interface LabeledFrame {
  frame: number;
  /** All that was done, the look and the confirmation included. */
  steps: Step[];
  start: string;
  ways: string[];
}

/** A frame that is not right after so many corrections is a fault of this labeler, not of the page. */
const CORRECTIONS = 3;

/**
 * Corrects frames on the page as a person who knows the animals' places: looks, chooses what costs least, does it by key and pointer, looks again, confirms.
 * What a start would give is tried and undone beforehand: a person sees that from the pictures.
 */
export function createLabeler(options: { hand: Hand; labelsOf: (frame: number) => Promise<FrameLabels>; className: string }) {
  const { hand, labelsOf, className } = options;

  async function look(frame: number): Promise<{ scene: Scene; labels: FrameLabels }> {
    await hand.saved();
    const labels = await labelsOf(frame);
    return { labels, scene: { objects: labels.objects, selected: null, placing: false, scale: await hand.scale() } };
  }

  /** What is left to do after this start; the page is as before when it is known. */
  async function rehearse(start: Start, targets: readonly Target[], frame: number): Promise<Plan> {
    for (const step of start.steps) await hand.do(step);
    const { scene } = await look(frame);
    const plan = planFrame(scene, targets, className);
    if (start.takesBack !== null) await hand.do(key("start", start.takesBack));
    return plan;
  }

  return async function label(frame: number, targets: readonly Target[]): Promise<LabeledFrame> {
    await hand.shows(frame);
    await hand.saved();
    const { version } = await labelsOf(frame);
    const choices: { start: Start; seconds: number }[] = [];
    // Nothing to take back where the page did nothing by itself.
    for (const start of version === 0 ? [AS_SHOWN] : [AS_SHOWN, PRELABELS]) {
      const plan = await rehearse(start, targets, frame);
      choices.push({ start, seconds: plan.seconds + start.seconds });
    }
    await hand.saved();
    const start = choices.toSorted((a, b) => a.seconds - b.seconds)[0]?.start;
    if (start === undefined) throw new Error("there is no way to start a frame");
    const done: LabeledFrame = { frame, steps: [{ why: "look", do: "look" }], start: start.name, ways: [] };
    const act = async (step: Step): Promise<void> => {
      done.steps.push(step);
      await hand.do(step);
    };
    for (const step of start.steps) await act(step);
    for (let correction = 0; ; correction += 1) {
      const { scene, labels } = await look(frame);
      const faults = faultsOf(labels.objects, targets);
      if (faults.length === 0) break;
      if (correction === CORRECTIONS) throw new Error(`frame ${frame} is not right after ${CORRECTIONS} corrections (${done.ways.join("; ")}): ${faults.join("; ")}`);
      // Where a step did not do what was planned, the selection is not known either.
      if (correction > 0) for (let escapes = 0; escapes < 2; escapes += 1) await act(key("select", "Escape"));
      const plan = planFrame(scene, targets, className);
      done.ways.push(...plan.ways);
      for (const step of plan.steps) await act(step);
    }
    await act(key("confirm", "Enter"));
    return done;
  };
}
