import { InputError } from "../../../domain/errors.ts";
import type { FrameLabels, FrameStatus, LabelingTask } from "../../../domain/labels.ts";
import { CONTROLS } from "./config.ts";
import { fromResults } from "./from-results.ts";
import { verdictIn } from "./to-results.ts";
import type { Annotation, Task, User } from "./wire.ts";

/** One frame with what people last did with it in Label Studio. */
export interface ToolFrame {
  /** As the pre-labeler left it. */
  untouched: FrameLabels;
  /** null: somebody deleted it there. */
  task: Task | null;
  /** The latest that was not skipped; null: nobody submitted one. */
  annotation: Annotation | null;
  says: "approved" | "rejected" | "open";
  comment: string;
  /** Who approved or rejected. */
  reviewer: User;
}

const time = (text = ""): number => Date.parse(text) || 0;

/** Among all annotations of a frame the last one counts; a skipped one is none. */
export function latest(annotations: Annotation[]): Annotation | null {
  const [last] = annotations.filter(({ was_cancelled }) => was_cancelled !== true).toSorted((a, b) => time(b.updated_at) - time(a.updated_at) || b.id - a.id);
  return last ?? null;
}

/** A Rejected in the editor always counts. Label Studio Enterprise has reviews of its own: where there are any, the last one decides; else the choice in the editor. */
export function verdictOf({ result = [], reviews = [], updated_by, completed_by }: Annotation): Pick<ToolFrame, "says" | "comment" | "reviewer"> {
  const choice = verdictIn(result);
  const [review] = reviews.toSorted((a, b) => time(b.created_at) - time(a.created_at));
  if (review === undefined || choice.says === "rejected") return { ...choice, reviewer: updated_by ?? completed_by ?? null };
  const reviewer = review.created_by ?? null;
  return review.accepted === true ? { says: "approved", comment: "", reviewer } : { says: "rejected", comment: review.comment ?? "Rejected in review.", reviewer };
}

export function toolFrame(untouched: FrameLabels, tasks: Task[]): ToolFrame {
  const found = tasks.map((task) => ({ task, annotation: latest(task.annotations) })).toSorted((a, b) => time(b.annotation?.updated_at) - time(a.annotation?.updated_at));
  const { task, annotation } = found[0] ?? { task: null, annotation: null };
  return { untouched, task, annotation, ...(annotation === null ? { says: "open", comment: "", reviewer: null } : verdictOf(annotation)) };
}

export const boxesIn = ({ annotation, untouched }: ToolFrame): number => (annotation === null ? untouched.objects.length : (annotation.result ?? []).filter(({ from_name }) => from_name === CONTROLS.box).length);

export function statusOf(frame: ToolFrame): FrameStatus {
  if (frame.says === "approved") return "reviewed";
  return boxesIn(frame) > 0 ? "prelabeled" : "unlabeled";
}

/** Throws InputError 422 where what was drawn does not fit (from-results.ts). */
export function toFrameLabels(frame: ToolFrame, task: LabelingTask, nameOf: (user: User) => string | null): FrameLabels {
  const { untouched, annotation, says, comment } = frame;
  if (annotation === null) return untouched;
  const { width, height } = untouched;
  const objects = fromResults(annotation.result ?? [], { frame: untouched.frame, width, height, classes: task.classes, keypoints: task.keypoints, suggested: untouched.objects, confirmed: says === "approved" });
  return {
    ...untouched,
    status: statusOf(frame),
    version: 1,
    updated_by: nameOf(annotation.completed_by ?? null) ?? nameIn(annotation),
    updated_at: annotation.updated_at === undefined ? null : new Date(annotation.updated_at).toISOString(),
    objects,
    ...(says === "rejected" ? { comment } : {}),
  };
}

/** As toFrameLabels, but drawings that do not fit are no obstacle while nobody has approved them: the frame is shown as it was suggested. */
export function toFrameLabelsIfApproved(frame: ToolFrame, task: LabelingTask, nameOf: (user: User) => string | null): FrameLabels {
  try {
    return toFrameLabels(frame, task, nameOf);
  } catch (error) {
    if (!(error instanceof InputError) || frame.says === "approved") throw error;
    return frame.untouched;
  }
}

/** "Ann Smith ann@lab.org, 3": for those who may not see the list of users. */
const nameIn = ({ created_username: text = "" }: Annotation): string | null => /(\S+@\S+), \d+$/.exec(text)?.[1] ?? null;
