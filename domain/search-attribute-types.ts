/** Name and type of every search attribute, as the server is told (temporal-config, the dev server's --search-attribute). */
export const SEARCH_ATTRIBUTE_TYPES = {
  ActverseTaskId: "Keyword",
  ActverseOwner: "Keyword",
  ActverseProject: "Keyword",
  ActverseStep: "Keyword",
  ActverseState: "Keyword",
  ActverseRound: "Int",
} as const;
