import { SearchAttributeType, defineSearchAttributeKey } from "@temporalio/common";

/** For lists and the Web UI only: nothing that must be exact right away is read from them. Registered in temporal-config/. */
export const searchAttributes = {
  taskId: defineSearchAttributeKey("ActverseTaskId", SearchAttributeType.KEYWORD),
  owner: defineSearchAttributeKey("ActverseOwner", SearchAttributeType.KEYWORD),
  project: defineSearchAttributeKey("ActverseProject", SearchAttributeType.KEYWORD),
  step: defineSearchAttributeKey("ActverseStep", SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey("ActverseState", SearchAttributeType.KEYWORD),
  round: defineSearchAttributeKey("ActverseRound", SearchAttributeType.INT),
};
