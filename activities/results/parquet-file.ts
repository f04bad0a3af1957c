import { ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { ResultMetadata } from "../../domain/result.ts";
import { tidyColumns, tidyRows, type TidyColumn, type TidyValues } from "../../domain/tidy.ts";
import { readResultMetadata, readResultRows } from "./result-file.ts";

/** Plain data only: it travels to a worker thread. */
export interface ParquetJob {
  /** Path of result.json. */
  result: string;
  output: string;
}

/** Rows of a row group: what is held in memory. */
const GROUP_ROWS = 16_384;

const TYPES = { integer: "INT64", number: "DOUBLE", text: "STRING" } as const;
/** Places hardly repeat: looking for repetitions would take longer than all the rest. */
const PLAIN = { encoding: "PLAIN" as const };
/** Columns that every row has. */
const REQUIRED = new Set(["frame", "time", "id", "class", "score", "x1", "y1", "x2", "y2"]);

/** `onGroup`: the last frame of what is written. */
export async function writeParquetFile({ result, output }: ParquetJob, onGroup: (frame: number) => void): Promise<void> {
  const metadata = await readResultMetadata(result);
  const columns = tidyColumns(metadata);
  const columnData = (group: TidyValues[]) => columns.map(({ name, kind }, i) => ({ name, type: TYPES[kind], nullable: !REQUIRED.has(name), ...(kind === "number" ? PLAIN : {}), data: valuesOf(group, i, kind) }));
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData: columnData([]) }), createdBy: "actverse", kvMetadata: [{ key: "actverse", value: JSON.stringify(aboutOf(metadata)) }] });
  const written = (): Buffer => {
    const bytes = Buffer.from(writer.getBytes().slice());
    writer.index = 0;
    return bytes;
  };
  await pipeline(async function* groups() {
    let group: TidyValues[] = [];
    for await (const row of readResultRows(result)) {
      group.push(...tidyRows(row, metadata));
      if (group.length < GROUP_ROWS) continue;
      await parquet.write({ columnData: columnData(group), rowGroupSize: group.length });
      group = [];
      onGroup(row.frame);
      yield written();
    }
    if (group.length > 0) await parquet.write({ columnData: columnData(group), rowGroupSize: group.length });
    await parquet.finish();
    yield written();
  }, createWriteStream(output));
}

function valuesOf(group: TidyValues[], column: number, kind: TidyColumn["kind"]) {
  const values = group.map((row) => row[column] ?? null);
  return kind === "integer" ? values.map((value) => (value === null ? null : BigInt(value))) : values;
}

/** What a reader of the table alone may want to know, under the key `actverse` of the file's metadata. */
const aboutOf = ({ task_id, origin_width, origin_height, fps, num_frames, classes, body_parts, skeleton }: ResultMetadata) => ({ task_id, origin_width, origin_height, fps, num_frames, classes, body_parts, skeleton });
