import { ApplicationFailure } from "@temporalio/common";
import { InputError } from "../domain/errors.ts";

/** What a failure carries to the workflow, so that a parked step can say what to do. */
export interface FailureDetails {
  field: string;
  what_to_do: string;
}

type Step = (input: never) => Promise<unknown>;

/** The one place that decides what is not retried: an InputError. Everything else is, by the policy in workflows/. */
export function asFailures<T extends Record<string, Step>>(steps: T): T {
  const wrap = (step: Step): Step => async (input) => {
    try {
      return await step(input);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const details: FailureDetails = { field: error.field, what_to_do: error.whatToDo };
      throw ApplicationFailure.create({ message: error.message, type: "InputError", nonRetryable: true, details: [details], cause: error });
    }
  };
  return Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, wrap(step)])) as T;
}
