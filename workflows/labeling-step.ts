import { isCancellation, patched } from "@temporalio/workflow";
import { isExternal, waitedFor } from "../domain/labeling-tools.ts";
import type { ApprovalClaim } from "../domain/steps.ts";
import { run } from "./policy.ts";
import type { Made, StepWork } from "./step.ts";
import type { Task } from "./task.ts";

/** Waits for a person, for days if need be: nothing runs meanwhile but a timer for reminders. */
export const labeling: StepWork = async ({ task, made, inbox }) => {
  const { settings, round } = task.state;
  const resumed = made.labelsAsked === true;
  made.labelsAsked = true;
  inbox.open();
  const requested = await run.requestLabeling({ ...task.input, settings });
  task.emit("labeling.requested", { frames_path: made.frames.framesKey, status: "created", title: requested.title, url: requested.url });
  task.wait("labeling", `labels and their approval (${requested.frames} frames)`);
  const began = Date.now();
  let claim = resumed && patched("claims-outlive-a-retry") ? missedClaim(task, made) : null;
  for (;;) {
    if (claim !== null) {
      made.unverified = claim;
      const answer = await run.verifyApproval({ ...task.input, claim, settings });
      made.unverified = null;
      if (answer.holds) {
        inbox.close();
        made.approval = answer;
        task.emit("labeling.approved", { round, approved_by: answer.approvedBy, frames: answer.frames });
        task.emit("labeling.completed", { label_path: answer.snapshotKey, status: "completed" });
        return { ...answer };
      }
      if (claim.claim_id !== OUR_OWN) task.emit("labeling.claim_refused", { round, source: claim.source, reason: answer.reason });
    }
    const message = await inbox.next(settings.labeling.remind_after);
    claim = message !== null && "claim" in message ? message.claim : null;
    if (message === null) task.emit("labeling.reminder", { round, waiting_s: Math.round((Date.now() - began) / 1000), ...(patched("reminders-say-who") ? await reminderFor(task) : {}) });
    else if ("rejection" in message) task.emit("labeling.rejected", { round, comments: message.rejection.comments });
  }
};

const OUR_OWN = "after-a-retry";

/**
 * While the step was parked nobody listened: the claim that it failed at is checked again, and a tool of others, which says a thing only once,
 * is read back in any case.
 */
function missedClaim(task: Task, made: Made): ApprovalClaim | null {
  const { tool } = task.state.settings.labeling;
  return made.unverified ?? (isExternal(tool) ? { claim_id: OUR_OWN, source: tool, round: task.state.round } : null);
}

/** Whom to remind of what; where that cannot be found out, the owner all the same. */
async function reminderFor(task: Task) {
  const { settings } = task.state;
  try {
    return await run.remindLabelers({ ...task.input, settings });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { to: waitedFor(settings), frames_left: null };
  }
}
