import { createHash } from "node:crypto";
import type { Snapshot } from "./labels.ts";

/** JSON with sorted keys and no spaces: equal content gives equal text. Throws on NaN and infinities, which JSON would turn into null. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${value} has no JSON form`);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  // By code unit, whatever the locale of the machine.
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}

/** Hex digits. */
export const sha256Of = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** Of all that a snapshot holds, its own hash excepted. */
export function snapshotHash(snapshot: Omit<Snapshot, "sha256"> & { sha256?: string }): string {
  const { sha256: _own, ...content } = snapshot;
  return sha256Of(canonicalJson(content));
}
