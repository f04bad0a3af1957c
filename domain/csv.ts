import type { ResultMetadata, ResultRow } from "./result.ts";
import { tidyColumns, tidyRows, type TidyFacts } from "./tidy.ts";

/** RFC 4180: quoted only where it must be. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A line of fields, without its end; null is an empty field. */
export const csvLine = (fields: readonly (number | string | null)[]): string => fields.map((value) => (typeof value === "string" ? csvField(value) : String(value ?? ""))).join(",");

/** tracks.csv: the header line. */
export const csvHeader = (metadata: Pick<ResultMetadata, "body_parts">): string => csvLine(tidyColumns(metadata).map(({ name }) => name));

/** tracks.csv: one line per animal of the frame. */
export const csvLines = (row: ResultRow, metadata: TidyFacts): string[] => tidyRows(row, metadata).map(csvLine);
