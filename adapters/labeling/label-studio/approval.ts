import { InputError } from "../../../domain/errors.ts";
import type { ToolFrame } from "./frames.ts";
import type { User } from "./wire.ts";

export interface ApprovalOptions {
  allowPartial: boolean;
  reviewerNotLabeler: boolean;
  nameOf: (user: User) => string | null;
}

/** Who gave the last Approved. Throws InputError 422 that says how many frames are missing, and which. */
export function checkApproved(frames: ToolFrame[], { allowPartial, reviewerNotLabeler, nameOf }: ApprovalOptions): string {
  const refuse = (message: string, whatToDo: string): never => {
    throw new InputError({ field: "frames", message, whatToDo, status: 422 });
  };
  const approved = frames.filter(({ says }) => says === "approved");
  const open = frames.filter(({ says }) => says !== "approved");
  if (approved.length === 0) refuse("No frame is approved in Label Studio.", "Choose Approved in each frame and submit it.");
  if (open.length > 0 && !allowPartial) {
    const count = (what: string, of: ToolFrame[]): string[] => (of.length === 0 ? [] : [`${of.length} ${what}`]);
    const kinds = [...count("rejected", open.filter(({ says }) => says === "rejected")), ...count("deleted there", open.filter(({ task }) => task === null))];
    const some = open.slice(0, 5).map(({ untouched: { frame } }) => frame).join(", ") + (open.length > 5 ? " and more" : "");
    refuse(`${open.length} of ${frames.length} frames are not approved in Label Studio: ${some}${kinds.length === 0 ? "" : ` (${kinds.join(", ")})`}.`, "Choose Approved in each of them and submit it, or approve with allow_partial to leave them out.");
  }
  const idOf = (user: User): number | null => (typeof user === "object" && user !== null ? user.id : user);
  const own = approved.filter(({ reviewer, annotation }) => idOf(reviewer) === idOf(annotation?.completed_by ?? null));
  if (reviewerNotLabeler && own.length > 0) refuse(`${own.length} of the frames were approved by whoever labeled them (the first is ${own[0]!.untouched.frame}).`, "Let somebody else choose Approved there and update, or set labeling.reviewer_not_labeler to false.");
  const last = approved.toSorted((a, b) => Date.parse(b.annotation?.updated_at ?? "") - Date.parse(a.annotation?.updated_at ?? ""))[0]!;
  return nameOf(last.reviewer) ?? "a user of Label Studio";
}
