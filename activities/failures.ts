import { ApplicationFailure } from "@temporalio/common";
import { InputError } from "../domain/errors.ts";

/** What a failure carries to the workflow, so that a parked step can say what to do. */
export interface FailureDetails {
  field: string;
  what_to_do: string;
}

type Step = (input: never) => Promise<unknown>;

/** Lines of each stack that are kept: of a failure above 4 KB, the Temporal server shows "Failure exceeds size limit." instead of what happened. */
const STACK_LINES = 6;

function shortenStacks(error: unknown): void {
  for (let at = error; at instanceof Error; at = at.cause) {
    const lines = at.stack?.split("\n") ?? [];
    // The message may have several lines itself.
    const frames = lines.findIndex((line) => /^\s+at /.test(line));
    if (frames >= 0) at.stack = lines.slice(0, frames + STACK_LINES).join("\n");
  }
}

/** The one place that decides what is not retried: an InputError. Everything else is, by the policy in workflows/. Failures are short enough to be shown whole. */
export function asFailures<T extends Record<string, Step>>(steps: T): T {
  const wrap = (step: Step): Step => async (input) => {
    try {
      return await step(input);
    } catch (error) {
      shortenStacks(error);
      if (!(error instanceof InputError)) throw error;
      const details: FailureDetails = { field: error.field, what_to_do: error.whatToDo };
      throw ApplicationFailure.create({ message: error.message, type: "InputError", nonRetryable: true, details: [details], cause: error });
    }
  };
  return Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, wrap(step)])) as T;
}
