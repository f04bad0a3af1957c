import { createInterface } from "node:readline";
import type { Storage } from "../adapters/storage/storage.ts";

/** Rows of a result.json without reading all of it: a row is a line, and lines are in the order of time (domain/result-lines), so that a place is found by halving. */

/** So near, reading on costs less than another look. */
const NEAR_BYTES = 256 * 1024;
/** Of one look: enough to see how the next line begins, unless a line is longer than this. */
const LOOK_BYTES = 16 * 1024;
/** One answer holds no more, but always a row. */
const ANSWER_BYTES = 4 * 1024 * 1024;
/** As they stand at the beginning of each row. */
const ROW_BEGINS = /^\{"frame":(\d+),"timestamp":(-?[\d.e+-]+),/;

export interface RowsAsked {
  storage: Storage;
  key: string;
  /** Bytes of the file. */
  size: number;
  /** The first row is the last one at or before it; where there is none before, the first of all. */
  from: { frame: number } | { time: number };
  limit: number;
}

export interface RowsFound {
  /** Each as it stands in the file: JSON of one ResultRow. */
  rows: string[];
  /** The frame with which to go on; null where these are the last rows. */
  next: number | null;
}

export async function readRows({ storage, key, size, from, limit }: RowsAsked): Promise<RowsFound> {
  const wanted = "frame" in from ? from.frame : from.time;
  const place = (line: string): number | null => {
    const found = ROW_BEGINS.exec(line);
    return found === null ? null : Number("frame" in from ? found[1] : found[2]);
  };

  /** How the first line that begins after an offset begins; null where there is none. */
  async function lineAfter(offset: number): Promise<string | null> {
    let text = "";
    for (let at = offset; at < size; at += LOOK_BYTES) {
      for await (const chunk of await storage.stream(key, { start: at, end: Math.min(size, at + LOOK_BYTES) - 1 })) text += (chunk as Buffer).toString("latin1");
      const [, next] = text.split("\n", 2);
      // A number that is cut off would be another number.
      if (next !== undefined && (next.length >= 100 || text.indexOf("\n", text.indexOf("\n") + 1) >= 0)) return next;
    }
    return text.split("\n", 2)[1] ?? null;
  }

  let [low, high] = [0, size];
  while (high - low > NEAR_BYTES) {
    const middle = Math.floor((low + high) / 2);
    const line = await lineAfter(middle);
    const at = line === null ? null : place(line);
    // Before the first row stand the metadata: they are near the beginning. After the last one stands what closes the file.
    const before = at === null ? line !== null && !line.startsWith("]") : at <= wanted;
    if (before) low = middle;
    else high = middle;
  }

  const rows: string[] = [];
  let [held, bytes, whole]: [string | null, number, boolean] = [null, 0, low === 0];
  const stream = await storage.stream(key, { start: low, end: size - 1 });
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      const at = whole ? place(line) : null;
      whole = true;
      if (at === null) continue;
      const row = line.replace(/,$/, "");
      if (rows.length === 0 && at <= wanted) {
        held = row;
        continue;
      }
      if (rows.length === 0 && held !== null) {
        rows.push(held);
        bytes += held.length;
      }
      if (rows.length > 0 && (rows.length >= limit || bytes + row.length > ANSWER_BYTES)) return { rows, next: Number(ROW_BEGINS.exec(row)?.[1]) };
      rows.push(row);
      bytes += row.length;
    }
  } finally {
    stream.destroy();
  }
  return { rows: rows.length === 0 && held !== null ? [held] : rows, next: null };
}
