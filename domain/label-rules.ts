import { InputError } from "./errors.ts";
import type { FrameLabels, LabeledObject } from "./labels.ts";

/** Pixels by which rounding may push a point over a border. */
const ROUNDING = 1e-3;

export interface RuleContext {
  frame: number;
  /** Pixels of the upright frame. */
  width: number;
  height: number;
  classes: string[];
  /** Names; each object has as many keypoints, in this order. */
  keypoints: string[];
}

/** Throws InputError 400 that names the frame, the object and the field. A box may touch the borders, and so may a keypoint. */
export function checkObjects(context: RuleContext, objects: LabeledObject[]): void {
  const seen = new Set<string>();
  for (const object of objects) {
    checkObject(context, object);
    if (seen.has(object.id)) throw problem(context, object.id, "id", "has an id that another object of this frame has too", "Give each object of a frame an id of its own.");
    seen.add(object.id);
  }
}

function checkObject(context: RuleContext, { id, class: className, box, keypoints }: LabeledObject): void {
  const { width, height } = context;
  const fail = (field: string, what: string, whatToDo: string): never => {
    throw problem(context, id, field, what, whatToDo);
  };
  const outside = (x: number, y: number): boolean => x < -ROUNDING || y < -ROUNDING || x > width + ROUNDING || y > height + ROUNDING;

  if (!context.classes.includes(className)) fail("class", `has the unknown class "${className}"`, `Use one of: ${context.classes.join(", ")}.`);

  const [x1, y1, x2, y2] = box;
  if (box.length !== 4 || x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined || !box.every(Number.isFinite)) return fail("box", "has a box that is not four numbers", "Send x1, y1, x2, y2 in pixels.");
  if (x2 <= x1 || y2 <= y1) fail("box", `has a box without size (${box.join(", ")})`, "Draw the box anew or delete it; x2 must be above x1 and y2 above y1.");
  if (outside(x1, y1) || outside(x2, y2)) fail("box", `has a box (${box.join(", ")}) that reaches outside of the frame (${width} x ${height})`, "Move or shrink the box so that it lies within the frame.");

  const names = context.keypoints;
  if (keypoints.length !== names.length) fail("keypoints", `has ${keypoints.length} keypoints instead of ${names.length}`, names.length === 0 ? "This task has no keypoints: send an empty list." : `Send one for each of: ${names.join(", ")}; 0, 0, 0 for one that is absent.`);
  for (const [index, [x, y, v]] of keypoints.entries()) {
    const field = `keypoints[${index}]`;
    const name = names[index] ?? "";
    if (x === undefined || y === undefined || !Number.isFinite(x) || !Number.isFinite(y)) fail(field, `has a keypoint "${name}" that is not three numbers`, "Send x, y in pixels and v.");
    else if (v !== 0 && v !== 1 && v !== 2) fail(field, `has a keypoint "${name}" with v ${String(v)}`, "v is 0 (absent), 1 (occluded) or 2 (visible).");
    else if (v > 0 && outside(x, y)) fail(field, `has the keypoint "${name}" outside of the frame (${x}, ${y})`, "Move it into the frame, or mark it as absent.");
  }
}

function problem(context: RuleContext, id: string, field: string, what: string, whatToDo: string): InputError {
  return new InputError({ field: `frames.${context.frame}.objects.${id}.${field}`, message: `Frame ${context.frame}: object "${id}" ${what}.`, whatToDo });
}

export interface ApprovalRules {
  /** Frames that are not reviewed may be left out. */
  allowPartial: boolean;
  reviewerNotLabeler: boolean;
}

/**
 * Throws InputError 422 where labels may not be approved by this person.
 *
 * @param approval.frames the reviewed frames
 * @param approval.leftOut numbers of the frames that are not reviewed
 */
export function checkApproval(approval: { frames: FrameLabels[]; leftOut: number[]; approvedBy: string }, rules: ApprovalRules): void {
  const { frames, leftOut, approvedBy } = approval;
  const refuse = (field: string, message: string, whatToDo: string): never => {
    throw new InputError({ field, message, whatToDo, status: 422 });
  };
  if (frames.length === 0) refuse("frames", "No frame is reviewed: there are no labels to train on.", "Open the labeling page, correct the frames and mark each as reviewed.");
  if (leftOut.length > 0 && !rules.allowPartial) {
    const some = leftOut.slice(0, 5).join(", ") + (leftOut.length > 5 ? " and more" : "");
    refuse("frames", `${leftOut.length} of ${frames.length + leftOut.length} frames are not reviewed: ${some}.`, "Review them, or approve with allow_partial to leave them out.");
  }
  if (frames.every((frame) => frame.objects.length === 0)) refuse("objects", "There are no labels at all: none of the reviewed frames has an object.", "Draw a box around each animal in at least one frame.");
  const own = frames.filter((frame) => frame.updated_by === approvedBy).map((frame) => frame.frame);
  if (rules.reviewerNotLabeler && own.length > 0) refuse("user_id", `${approvedBy} labeled ${own.length} of the frames (the first is ${own[0]}) and may not approve them.`, "Let somebody else approve, or set labeling.reviewer_not_labeler to false.");
}
