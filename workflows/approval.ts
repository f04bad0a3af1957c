import { condition, setHandler } from "@temporalio/workflow";
import type { ApprovalClaim, Rejection } from "../domain/steps.ts";
import { labelingApproved, labelingRejected } from "./messages.ts";

type Message = { claim: ApprovalClaim } | { rejection: Rejection };

/** Two claims that would be verified in the same way are one. */
const sameCheck = (a: ApprovalClaim, b: ApprovalClaim): boolean => a.snapshot?.sha256 === b.snapshot?.sha256 && (a.snapshot !== undefined || a.source === b.source);

/**
 * The inbox of claims and rejections. Signals may come at any time and twice; each has an effect at most once.
 * They are taken in the order in which they came, so that what was approved first counts.
 */
export function createApprovalInbox(currentRound: () => number) {
  const seen = new Set<string>();
  let open = false;
  let messages: Message[] = [];

  const isNew = (id: string, round: number): boolean => {
    if (!open || round !== currentRound() || seen.has(id)) return false;
    seen.add(id);
    return true;
  };

  setHandler(labelingApproved, (claim) => {
    const waits = messages.some((message) => "claim" in message && sameCheck(message.claim, claim));
    if (isNew(claim.claim_id, claim.round) && !waits) messages.push({ claim });
  });
  setHandler(labelingRejected, (rejection) => {
    if (isNew(rejection.claim_id, rejection.round)) messages.push({ rejection });
  });

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
      await condition(() => messages.length > 0, seconds * 1000);
      return messages.shift() ?? null;
    },
  };
}
export type ApprovalInbox = ReturnType<typeof createApprovalInbox>;
