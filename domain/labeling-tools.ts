import { InputError } from "./errors.ts";

/** Where people can label. `builtin`: our own page; the others are programs of their own, which have to be set up. */
export const LABELING_TOOLS = ["builtin", "label-studio", "cvat"] as const;
export type LabelingToolName = (typeof LABELING_TOOLS)[number];
export type ExternalToolName = Exclude<LabelingToolName, "builtin">;

/** As people know them. */
export const TOOL_TITLES: Record<LabelingToolName, string> = { builtin: "the built-in page", "label-studio": "Label Studio", cvat: "CVAT" };

const COMMON = ["ACTVERSE_PUBLIC_URL", "ACTVERSE_WEBHOOK_SECRET"];
/** What has to be set, on the API and on the workers, before a tool can be used. */
export const TOOL_VARIABLES: Record<ExternalToolName, string[]> = {
  "label-studio": ["ACTVERSE_LABEL_STUDIO_URL", "ACTVERSE_LABEL_STUDIO_TOKEN", ...COMMON],
  cvat: ["ACTVERSE_CVAT_URL", "ACTVERSE_CVAT_TOKEN", ...COMMON],
};

export const isExternal = (name: LabelingToolName): name is ExternalToolName => name !== "builtin";

/** A task asks for a tool that this installation does not have. */
export const notConfigured = (name: ExternalToolName): InputError =>
  new InputError({
    field: "labeling.tool",
    message: `${TOOL_TITLES[name]} is not set up here`,
    whatToDo: `set ${TOOL_VARIABLES[name].join(", ")} for the API and the workers and start them again, or use labeling.tool builtin`,
  });

/** The tool of that name among those that are set up. Throws InputError where it is not. */
export function externalOf<T>(tools: Record<ExternalToolName, T | null>, name: ExternalToolName): T {
  const tool = tools[name];
  if (tool === null) throw notConfigured(name);
  return tool;
}

/** Whose labels a task waits for: its owner, and the people who may label it. */
export const waitedFor = ({ user_id, labeling }: { user_id: string; labeling: { people?: string[] } }): string[] => [...new Set([user_id, ...(labeling.people ?? [])])];
