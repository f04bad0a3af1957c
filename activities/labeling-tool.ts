import { ApplicationFailure } from "@temporalio/common";
import type { LabelingTool } from "../adapters/labeling/labeling.ts";
import { StorageError } from "../adapters/storage/storage.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import { externalOf, isExternal, TOOL_TITLES, TOOL_VARIABLES, type LabelingToolName } from "../domain/labeling-tools.ts";
import type { Deps } from "./deps.ts";
import type { FailureDetails } from "./failures.ts";

type Tools = Pick<Deps, "labeling" | "externalLabeling">;

/** Where a task is labeled. Throws InputError where that tool is not set up here. */
export const toolOf = ({ labeling, externalLabeling }: Tools, name: LabelingToolName): LabelingTool => (isExternal(name) ? externalOf(externalLabeling, name) : labeling);

/**
 * Talks with a labeling tool. One that is away or broken is tried again; when that does not help, the failure tells the person who finds
 * the task parked which tool it is and what to do.
 */
export async function talkTo<T>(name: LabelingToolName, talk: () => Promise<T>): Promise<T> {
  try {
    return await talk();
  } catch (error) {
    if (!isExternal(name) || error instanceof InputError || error instanceof StorageError) throw error;
    const title = TOOL_TITLES[name];
    const [url, token] = TOOL_VARIABLES[name];
    const details: FailureDetails = {
      field: "labeling.tool",
      what_to_do: `see that ${title} runs and can be reached under ${url} with ${token}, then retry this step: nothing is lost, what was labeled and approved in ${title} is read again`,
    };
    throw ApplicationFailure.create({ message: `labeling tool unreachable: ${title} does not answer as it should: ${messageOf(error)}`, type: "LabelingToolError", details: [details], ...(error instanceof Error ? { cause: error } : {}) });
  }
}
