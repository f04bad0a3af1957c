import { expect, test } from "vitest";
import { parseResultLine, RESULT_TAIL, resultHead, resultRow } from "./result-lines.ts";
import type { ResultMetadata, ResultRow } from "./result.ts";

const metadata = { task_id: "abc", classes: ["a"], body_parts: [] } as unknown as ResultMetadata;
const rows = [{ frame: 0, ids: ["0"] }, { frame: 2, ids: [] }] as unknown as ResultRow[];

test.each([0, 1, 2])("with %i rows the file is one JSON object, and its lines give back what went in", (n) => {
  const given = rows.slice(0, n);
  const text = resultHead(metadata) + given.map((row, i) => resultRow(row, i === 0)).join("") + RESULT_TAIL;
  expect(JSON.parse(text)).toEqual({ metadata, results: given });
  expect(text.split("\n").map(parseResultLine).filter((x) => x !== null)).toEqual([{ metadata }, ...given.map((row) => ({ row }))]);
});
