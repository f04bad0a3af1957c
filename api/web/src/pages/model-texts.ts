import type { ModelCardRow } from "../api.ts";
import { figure, figureName } from "../format.ts";
import { t } from "../i18n/index.ts";

/** The mAPs of its training; others are for the task's page. */
export const metricsText = (metrics: ModelCardRow["metrics"]): string =>
  Object.entries(metrics)
    .filter(([name]) => name.includes("map"))
    .map(([name, value]) => `${figureName(name)} ${figure(value)}`)
    .join(" · ");

/** Where a version comes from, in a few words; empty where its card does not say. */
export function originOf(lineage: Record<string, unknown>): string {
  const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
  if (lineage["promoted_from"] !== undefined) return t("pages.models.promotedFrom", { model: text(lineage["promoted_from"]) });
  if (lineage["imported"] !== undefined) return t("pages.models.imported", { file: text(lineage["imported"]) });
  if (lineage["task_id"] !== undefined) return t("pages.models.trained", { task: text(lineage["task_id"]), round: text(lineage["round"] ?? 1) });
  return "";
}
