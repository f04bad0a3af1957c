import { assign } from "../../domain/assignment.ts";
import type { LabeledObject } from "../../domain/labels.ts";
import { secondsOf, type Step } from "./actions.ts";
import { boxWays, draw, keypointWays, remove, type Scene, type Way } from "./page-ways.ts";
import type { Target } from "./tolerance.ts";

export interface Plan {
  steps: Step[];
  seconds: number;
  /** Names of the ways that were taken. */
  ways: string[];
}

const NOTHING: Plan = { steps: [], seconds: 0, ways: [] };

function followed(plan: Plan, way: Way): Plan {
  const steps = [...plan.steps, ...way.steps];
  return { steps, seconds: secondsOf(steps), ways: [...plan.ways, way.name] };
}

/** The cheapest way to make one animal right: each way of its box with each way of its keypoints after that. */
function mend(scene: Scene, object: LabeledObject, target: Target): Way {
  const all = boxWays(scene, object, target).flatMap((box) => {
    const id = box.after.objects.some((one) => one.id === object.id) ? object.id : (box.after.objects.at(-1)?.id ?? "");
    return keypointWays(box.after, id, target).map((rest): Way => ({ name: `${box.name}, ${rest.name}`, steps: [...box.steps, ...rest.steps], after: rest.after }));
  });
  return cheapest(all);
}

function add(scene: Scene, target: Target, className: string): Way {
  const box = draw(scene, target, className);
  const ways = keypointWays(box.after, box.after.objects.at(-1)?.id ?? "", target);
  return cheapest(ways.map((rest): Way => ({ name: `draw, ${rest.name}`, steps: [...box.steps, ...rest.steps], after: rest.after })));
}

function cheapest(ways: Way[]): Way {
  const [best] = ways.map((way) => ({ way, seconds: secondsOf(way.steps) })).toSorted((a, b) => a.seconds - b.seconds);
  if (best === undefined) throw new Error("the page offers no way to make this animal right");
  return best.way;
}

/** Which drawn object is taken for which animal (index, or -1: deleted), so that the whole costs least. */
function pairs(scene: Scene, targets: readonly Target[], className: string): number[] {
  const alone = (object: LabeledObject): Scene => ({ ...scene, selected: object.id, placing: false });
  const saved = scene.objects.map((object) => targets.map((target) => secondsOf(mend(alone(object), object, target).steps) - secondsOf(add(scene, target, className).steps) - secondsOf(remove(alone(object), object.id).steps)));
  return assign(saved, 0);
}

/** The cheapest steps from what is shown to what is right. Animals are gone through in the order of their list, or from its end. */
export function planFrame(scene: Scene, targets: readonly Target[], className: string): Plan {
  const paired = pairs(scene, targets, className);
  const orders = [scene.objects.map((_, index) => index), scene.objects.map((_, index) => index).toReversed()];
  const plans = orders.map((order) => {
    let plan = NOTHING;
    let now = scene;
    const take = (way: Way): void => {
      plan = followed(plan, way);
      now = way.after;
    };
    for (const index of order) {
      const object = scene.objects[index];
      if (object === undefined) continue;
      const target = targets[paired[index] ?? -1];
      take(target === undefined ? remove(now, object.id) : mend(now, object, target));
    }
    targets.forEach((target, index) => {
      if (!paired.includes(index)) take(add(now, target, className));
    });
    return plan;
  });
  return plans.toSorted((a, b) => a.seconds - b.seconds)[0] ?? NOTHING;
}
