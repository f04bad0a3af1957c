import { toMend } from "./errors.ts";
import type { FrameLabels } from "../../../domain/labels.ts";
import { flatten, type FlatShape } from "./flatten.ts";
import { frameLabels } from "./frame-labels.ts";
import { fromShapes, type FrameContext } from "./from-shapes.ts";
import type { LabelMap } from "./label-specs.ts";
import type { CvatJob, LabeledData } from "./wire.ts";

export interface JobFramesInput {
  job: CvatJob;
  data: LabeledData;
  labels: LabelMap;
  keypoints: number;
  /** The job's frames as the pre-labeler left them, by their index in CVAT's task; deleted ones are left out. */
  untouched: Map<number, FrameLabels>;
  /** By index. */
  comments: Map<number, string>;
  /** Where a frame of this job is looked at. */
  linkTo: (index: number) => string;
}

/** The frames of one job. Throws InputError 422 that names the frame where something is drawn that our labels cannot hold. */
export function jobFrames(input: JobFramesInput): FrameLabels[] {
  const byFrame = shapesByFrame(input);
  return [...input.untouched].map(([index, untouched]) => {
    const drawn = fromShapes(byFrame.get(index) ?? [], context(input, index, untouched));
    return frameLabels({ untouched, drawn, job: input.job, comment: input.comments.get(index) ?? null });
  });
}

/** How many objects each frame of a job has; where they cannot be read yet, how many shapes. */
export function countObjects(input: Omit<JobFramesInput, "comments">): number[] {
  const byFrame = shapesByFrame(input);
  return [...input.untouched].map(([index, untouched]) => {
    const shapes = byFrame.get(index) ?? [];
    try {
      return fromShapes(shapes, context(input, index, untouched)).length;
    } catch {
      return shapes.length;
    }
  });
}

function shapesByFrame({ job, data, linkTo, untouched }: Pick<JobFramesInput, "job" | "data" | "linkTo" | "untouched">): Map<number, FlatShape[]> {
  const found = new Map<number, FlatShape[]>();
  for (const { frame } of data.tags) {
    const number = untouched.get(frame)?.frame;
    if (number !== undefined) throw toMend({ frame: number, job: linkTo(frame), message: "it has a tag, and here only boxes and skeletons are labels.", whatToDo: "Delete the tag." });
  }
  for (const shape of flatten(data, job)) found.set(shape.frame, [...(found.get(shape.frame) ?? []), shape]);
  return found;
}

function context({ labels, keypoints, linkTo }: Pick<JobFramesInput, "labels" | "keypoints" | "linkTo">, index: number, { frame, width, height }: FrameLabels): FrameContext {
  return { width, height, keypoints, labels, problem: (message, whatToDo) => toMend({ frame, job: linkTo(index), message, whatToDo }) };
}
