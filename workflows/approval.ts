import { condition, setHandler } from "@temporalio/workflow";
import type { ApprovalClaim, Rejection } from "../domain/steps.ts";
import { labelingApproved, labelingRejected, labelingReopened } from "./messages.ts";
import type { Task } from "./task.ts";

type Message = { claim: ApprovalClaim } | { rejection: Rejection };

const howChecked = ({ source, snapshot, allow_partial, by }: ApprovalClaim): string => JSON.stringify(snapshot === undefined ? [source, allow_partial ?? null, by ?? null] : [snapshot.sha256]);

/** Two claims that would be verified in the same way are one. */
const sameCheck = (a: ApprovalClaim, b: ApprovalClaim): boolean => howChecked(a) === howChecked(b);

/**
 * The inbox of claims and rejections. Signals may come at any time and twice; each has an effect at most once.
 * They are taken in the order in which they came, so that what was approved first counts.
 */
export function createApprovalInbox(task: Task) {
  const seen = new Set<string>();
  /** Rounds of which it was said that their approved labels are open again. */
  const reopened = new Set<number>();
  let open = false;
  let messages: Message[] = [];

  const isCurrent = (round = task.state.round): boolean => round === task.state.round;
  const isNew = (id: string, round: number | undefined): boolean => {
    if (!open || !isCurrent(round) || seen.has(id)) return false;
    seen.add(id);
    return true;
  };
  /** Nothing that was approved changes; but a person is told. */
  const sayReopened = (round: number | undefined, source: string): void => {
    if (!task.isApproved() || !isCurrent(round) || reopened.has(task.state.round)) return;
    reopened.add(task.state.round);
    task.emit("labeling.reopened", { round: task.state.round, source });
  };

  setHandler(labelingApproved, (claim) => {
    const waits = messages.some((message) => "claim" in message && sameCheck(message.claim, claim));
    if (isNew(claim.claim_id, claim.round) && !waits) messages.push({ claim });
  });
  setHandler(labelingRejected, (rejection) => {
    if (isNew(rejection.claim_id, rejection.round)) messages.push({ rejection });
    else sayReopened(rejection.round, rejection.by);
  });
  setHandler(labelingReopened, ({ round, source }) => sayReopened(round, source));

  return {
    /** From here on signals count: the labeling task is being made. What came before is void. */
    open(): void {
      open = true;
      messages = [];
    },
    close(): void {
      open = false;
    },
    /** The next signal, or null after so many seconds without one. */
    async next(seconds: number): Promise<Message | null> {
      await condition(() => messages.length > 0, seconds * 1000, { summary: "until a reminder" });
      return messages.shift() ?? null;
    },
  };
}
export type ApprovalInbox = ReturnType<typeof createApprovalInbox>;
