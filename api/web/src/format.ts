import type { StepName } from "../../../domain/task.ts";
import type { TaskEvent } from "../../../domain/events.ts";
import { t } from "./i18n/index.ts";
import { locale } from "./i18n/language.ts";
import { said } from "./i18n/said.ts";

/** Words and figures as people read them. */

export const stepTitle = (step: StepName): string => t(`steps.${step}`);

/** 7 s, 2 min 05 s, 3 h 20 min, 2 d 4 h; 2분 05초 */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return t("duration.seconds", { s });
  if (s < 3600) return t("duration.minutes", { min: Math.floor(s / 60), s: String(s % 60).padStart(2, "0") });
  if (s < 86_400) return t("duration.hours", { h: Math.floor(s / 3600), min: String(Math.floor((s % 3600) / 60)).padStart(2, "0") });
  return t("duration.days", { d: Math.floor(s / 86_400), h: Math.floor((s % 86_400) / 3600) });
}

/** Time between two ISO dates; up to now where the end is open, null where nothing began. */
export function between(start: string | null, end: string | null, now: number): string | null {
  if (start === null) return null;
  return duration(((end === null ? now : Date.parse(end)) - Date.parse(start)) / 1000);
}

export function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export const clock = (iso: string): string => new Date(iso).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export const date = (iso: string): string => new Date(iso).toLocaleDateString(locale(), { dateStyle: "medium" });

export const day = (iso: string): string => new Date(iso).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short", hour12: false });

/** Four figures that matter: 0.9134, 12.5, 1500. */
export function figure(value: unknown): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(4)).toString();
}

/** `metrics/mAP50-95(B)`, `box_map50_95` (box mAP50-95), `numFrames` as short labels. */
export const figureName = (name: string): string =>
  said(
    name
      .replace(/^metrics\//, "")
      .replace(/^(train|val)\//, "$1 ")
      .replaceAll("_", " ")
      // Shown as a duration.
      .replace(/^seconds left$/, "time left")
      .replaceAll(/([a-z])([A-Z][a-z]|[A-Z]$)/g, (_all, before: string, after: string) => `${before} ${after.toLowerCase()}`)
      .replace(/\bmap50(?: (95))?$/, (_all, to?: string) => (to === undefined ? "mAP50" : `mAP50-${to}`)),
  );

/** What an event says besides its name, in one line. */
export function eventText(event: TaskEvent): string {
  const { task_id: _task, ...data } = event.data as { task_id: string } & Record<string, unknown>;
  return Object.entries(data)
    .filter(([key, value]) => value !== null && value !== "" && key !== "status")
    // Paths are long: what fits into the line should be the rest.
    .toSorted(([a], [b]) => Number(/_(path|key)$/.test(a)) - Number(/_(path|key)$/.test(b)))
    .map(([key, value]) => {
      if (key === "reason" || key === "what_to_do") return said(valueText(value));
      if (key === "step") return said(`step: ${valueText(value)}`);
      return `${said(key.replaceAll("_", " "))}: ${key === "source" ? said(valueText(value)) : valueText(value)}`;
    })
    .join(" · ");
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  if (typeof value === "object" && value !== null)
    return Object.entries(value)
      .map(([key, inner]) => `${figureName(key)} ${valueText(inner)}`)
      .join(", ");
  return figure(value);
}
