import type { LabelingProgress } from "../adapters/labeling/labeling.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import { externalOf, isExternal, TOOL_TITLES, type ExternalToolName } from "../domain/labeling-tools.ts";
import { labelKeys } from "../domain/layout.ts";
import type { Context } from "./context.ts";
import { HttpProblem } from "./problems.ts";
import type { TaskView } from "./views.ts";

const NOTHING: LabelingProgress = { frames: 0, reviewed: 0, prelabeled: 0, objects: 0 };

/** A labeling tool that is away is no fault of the request: 503. */
export async function askTool<T>(name: ExternalToolName, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new HttpProblem({ status: 503, message: `${TOOL_TITLES[name]} does not answer as it should: ${messageOf(error)}`, whatToDo: `see that ${TOOL_TITLES[name]} runs, then try again; nothing is lost`, cause: error });
  }
}

/** Where a task's labels stand, whichever tool they are made in. */
export function createOverview({ storage, labeling, externalLabeling }: Pick<Context, "storage" | "labeling" | "externalLabeling">) {
  return {
    async standing({ state }: TaskView): Promise<{ counts: LabelingProgress; url: string }> {
      const { task_id: taskId, round, settings } = state;
      const of = { taskId, round };
      // A record of an earlier version may lack it.
      const tool = settings.labeling?.tool ?? "builtin";
      // Nothing is there to label yet.
      const orNothing = <T>(nothing: T) => (error: unknown): T => {
        if (error instanceof InputError && error.status === 404) return nothing;
        throw error;
      };
      if (!isExternal(tool)) return { counts: await labeling.progress(of).catch(orNothing(NOTHING)), url: `/label/${taskId}` };
      const external = externalOf(externalLabeling, tool);
      return await askTool(tool, async () => ({ counts: await external.progress(of).catch(orNothing(NOTHING)), url: await external.url(of).catch(orNothing("")) }));
    },

    /** In the tool, after the approval: said by the task while it ran, and kept in storage after its end. */
    async isReopened({ state }: TaskView): Promise<boolean> {
      const { task_id: taskId, round, timeline } = state;
      return timeline.some(({ event, data }) => event === "labeling.reopened" && data.round === round) || (await storage.size(labelKeys(taskId, round).reopened)) !== null;
    },
  };
}
