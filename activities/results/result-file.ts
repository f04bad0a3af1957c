import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseResultLine } from "../../domain/result-lines.ts";
import type { ResultMetadata, ResultRow } from "../../domain/result.ts";

/** A heartbeat per row would cost more than the row. */
export const REPORT_EVERY = 250;

/** The metadata of a result.json, from its first line alone. */
export async function readResultMetadata(file: string): Promise<ResultMetadata> {
  for await (const line of linesOf(file)) {
    const parsed = parseResultLine(line);
    if (parsed !== null && "metadata" in parsed) return parsed.metadata;
    break;
  }
  throw new Error(`${file} does not begin with metadata: it is not a result.json of ours`);
}

/** Its rows, one at a time: the file of a long video does not fit into memory as objects. */
export async function* readResultRows(file: string): AsyncGenerator<ResultRow> {
  for await (const line of linesOf(file)) {
    const parsed = parseResultLine(line);
    if (parsed !== null && "row" in parsed) yield parsed.row;
  }
}

/** Lines without their ends; the file is closed however the reading ends. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file);
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } finally {
    stream.destroy();
  }
}
