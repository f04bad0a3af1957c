import type { Context } from "@temporalio/activity";
import { ApplicationFailure, type RetryPolicy } from "@temporalio/common";
import { msToNumber } from "@temporalio/common/lib/time";
import type { ActivityInterceptors } from "@temporalio/worker";
import { ACTIVITIES, type ActivityName } from "../domain/activities.ts";
import { messageOf } from "../domain/errors.ts";

/** A line for each attempt at a step's work that did not go well, and for the one that did after it: step, how long, which attempt, and what comes next. */
export function logAttempts({ info, log, cancellationSignal }: Context): ActivityInterceptors {
  const { attempt, activityType, retryPolicy } = info;
  const step = Object.hasOwn(ACTIVITIES, activityType) ? ACTIVITIES[activityType as ActivityName].step : "";
  return {
    inbound: {
      async execute(input, next) {
        const began = Date.now();
        const said = () => ({ step, activity: activityType, seconds: (Date.now() - began) / 1000 });
        try {
          const result = await next(input);
          // The workflow says when a step is done; of its parts only those are news that had failed before.
          log[attempt > 1 ? "info" : "debug"]("attempt done", said());
          return result;
        } catch (error) {
          if (cancellationSignal.aborted) log.info("attempt stopped", { ...said(), reason: messageOf(error) });
          else log.warn("attempt failed", { ...said(), next: whatComesNext(error, attempt, retryPolicy), error });
          throw error;
        }
      },
    },
  };
}

/** What follows a failed attempt: another one, or a person. */
export function whatComesNext(error: unknown, attempt: number, policy: RetryPolicy | undefined): string {
  const failure = error instanceof ApplicationFailure ? error : null;
  const { maximumAttempts = Infinity, nonRetryableErrorTypes = [] } = policy ?? {};
  if (failure?.nonRetryable === true || nonRetryableErrorTypes.includes(failure?.type ?? "")) return "a person has to mend it";
  if (attempt >= maximumAttempts) return "no attempt is left: a person has to look";
  return `attempt ${attempt + 1}${maximumAttempts === Infinity ? "" : ` of ${maximumAttempts}`} in ${Math.round(delayMs(failure, attempt, policy) / 1000)} s`;
}

/** As Temporal reckons it. */
function delayMs(failure: ApplicationFailure | null, attempt: number, { initialInterval = "1s", backoffCoefficient = 2, maximumInterval }: RetryPolicy = {}): number {
  if (failure?.nextRetryDelay !== undefined && failure.nextRetryDelay !== null) return msToNumber(failure.nextRetryDelay);
  const first = msToNumber(initialInterval);
  return Math.min(first * backoffCoefficient ** (attempt - 1), maximumInterval === undefined ? first * 100 : msToNumber(maximumInterval));
}
