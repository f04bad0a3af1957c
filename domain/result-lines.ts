import type { ResultMetadata, ResultRow } from "./result.ts";

/**
 * How result.json is laid out, so that hours of video are written and read one row at a time:
 * the metadata on the first line, `"results": [` on the second, then one row a line. The whole is one JSON object.
 */

export const resultHead = (metadata: ResultMetadata): string => `{"metadata": ${JSON.stringify(metadata)},\n"results": [\n`;
/** `first`: no comma before it. */
export const resultRow = (row: ResultRow, first: boolean): string => (first ? "" : ",\n") + JSON.stringify(row);
export const RESULT_TAIL = "\n]}\n";

/** What a line of the file holds; null for the lines that are only brackets. */
export function parseResultLine(line: string): { metadata: ResultMetadata } | { row: ResultRow } | null {
  const text = line.replace(/,$/, "");
  if (text.startsWith('{"metadata": ')) return JSON.parse(`${text}}`) as { metadata: ResultMetadata };
  if (text.startsWith("{")) return { row: JSON.parse(text) as ResultRow };
  return null;
}
