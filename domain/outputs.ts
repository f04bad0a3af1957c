/** What the step `results` can make (docs/results.md); all of it by default: who wants less says so. */
export const OUTPUTS = ["json", "csv", "video", "notebook", "report", "dlc", "via", "parquet", "labels"] as const;
