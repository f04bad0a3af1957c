import type { FrameLabels, LabeledObject } from "../../../domain/labels.ts";
import type { DrawnObject } from "./from-shapes.ts";
import { isAccepted, type CvatJob } from "./wire.ts";

/** Pixels: what CVAT may change by writing numbers down. */
const SAME = 0.01;

/** One frame as it stands in CVAT. `untouched`: as the pre-labeler left it. */
export function frameLabels(options: { untouched: FrameLabels; drawn: DrawnObject[]; job: CvatJob; comment: string | null }): FrameLabels {
  const { untouched, drawn, job, comment } = options;
  const isReviewed = isAccepted(job);
  const left = [...untouched.objects];
  const objects = drawn.map((object) => {
    const index = object.byHand ? -1 : left.findIndex((before) => isSame(before, object));
    const before = index < 0 ? null : left.splice(index, 1)[0]!;
    return compared(object, before, isReviewed);
  });
  const isTouched = isReviewed || left.length > 0 || objects.some(({ source }) => source === "person");
  return {
    ...untouched,
    status: isReviewed ? "reviewed" : objects.length > 0 ? "prelabeled" : "unlabeled",
    version: isTouched ? 1 : 0,
    // CVAT's API does not say who drew what.
    updated_by: null,
    updated_at: isTouched ? job.updated_date : null,
    objects,
    ...(comment === null || isReviewed ? {} : { comment }),
  };
}

/** What a person left as it was keeps its source, its id and its score. */
function compared({ byHand: _byHand, ...object }: DrawnObject, before: LabeledObject | null, confirmed: boolean): LabeledObject {
  if (before === null) return { ...object, source: "person", confirmed };
  const { track: _old, ...same } = before;
  return { ...same, confirmed, ...(object.track === undefined ? {} : { track: object.track }) };
}

function isSame(before: LabeledObject, now: DrawnObject): boolean {
  const near = (a: number[], b: number[]): boolean => a.every((value, i) => Math.abs(value - (b[i] ?? Number.NaN)) <= SAME);
  const samePoint = (a: number[], b: number[] = []): boolean => a[2] === b[2] && (a[2] === 0 || near(a, b));
  return before.class === now.class && near(before.box, now.box) && before.keypoints.length === now.keypoints.length && before.keypoints.every((point, i) => samePoint(point, now.keypoints[i]));
}
