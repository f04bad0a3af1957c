import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { executeChild, sleep } from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import { run } from "./policy.ts";

/** Activities that change which versions of a model there are, or which one serves. */
type ModelChange = "deployModel" | "rollBackModel";
type Input<N extends ModelChange> = Parameters<Activities[N]>[0];
type Output<N extends ModelChange> = Awaited<ReturnType<Activities[N]>>;

/** One change of one model. Its workflow id is the model's: only one runs at a time. */
export async function modelChange<N extends ModelChange>({ activity, input }: { activity: N; input: Input<N> }): Promise<Output<N>> {
  return (await (run[activity] as (input: Input<N>) => Promise<unknown>)(input)) as Output<N>;
}

/** How long to wait for another change of the same model before looking again. */
const BUSY = "2s";

/** Runs the activity when no other change of this model runs, on whichever machine. Throws ChildWorkflowFailure. */
export async function oneAtATime<N extends ModelChange>(name: string, activity: N, input: Input<N>): Promise<Output<N>> {
  for (;;) {
    try {
      return await executeChild(modelChange<N>, { workflowId: `model-${name}`, args: [{ activity, input }], parentClosePolicy: "REQUEST_CANCEL", staticSummary: `${activity} ${name}` });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await sleep(BUSY, { summary: `another change of ${name} is running` });
    }
  }
}
