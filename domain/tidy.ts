import type { ResultMetadata, ResultRow } from "./result.ts";

/**
 * The tidy table of a result: a row per animal and processed frame, none for a frame without animals.
 * Times in seconds, places in pixels of the upright frame, keypoints as the model gave them. tracks.csv and tracks.parquet hold the same numbers.
 */
export interface TidyColumn {
  name: string;
  kind: "integer" | "number" | "text";
}
/** Of one row, in the order of the columns; null: the model has no such keypoint. */
export type TidyValues = (number | string | null)[];

export type TidyFacts = Pick<ResultMetadata, "origin_width" | "origin_height" | "classes" | "body_parts">;

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

export function tidyColumns({ body_parts: parts }: Pick<ResultMetadata, "body_parts">): TidyColumn[] {
  const number = (name: string): TidyColumn => ({ name, kind: "number" });
  return [
    { name: "frame", kind: "integer" },
    number("time"),
    { name: "id", kind: "text" },
    { name: "class", kind: "text" },
    ...["score", "x1", "y1", "x2", "y2"].map(number),
    ...parts.flatMap((part) => [number(`${part}_x`), number(`${part}_y`), number(`${part}_score`)]),
  ];
}

/** A box in pixels, two digits. */
export const boxInPixels = ([x1, y1, x2, y2]: readonly [number, number, number, number], { origin_width: width, origin_height: height }: Pick<ResultMetadata, "origin_width" | "origin_height">): [number, number, number, number] => [
  rounded(x1 * width, 2),
  rounded(y1 * height, 2),
  rounded(x2 * width, 2),
  rounded(y2 * height, 2),
];

/** One row per animal of the frame. */
export function tidyRows(row: ResultRow, metadata: TidyFacts): TidyValues[] {
  const { origin_width: width, origin_height: height, classes, body_parts: parts } = metadata;
  return row.ids.map((id, i) => {
    const classId = row.class_ids[i] ?? 0;
    const points = parts.flatMap((_, k): TidyValues => {
      const point = row.keypoints[i]?.[k];
      return point === undefined ? [null, null, null] : [rounded(point[0] * width, 2), rounded(point[1] * height, 2), rounded(row.keypoints_score[i]?.[k] ?? 0, 4)];
    });
    return [row.frame, rounded(row.timestamp, 6), id, classes[classId] ?? String(classId), rounded(row.boxes_score[i] ?? 0, 4), ...boxInPixels(row.boxes[i] ?? [0, 0, 0, 0], metadata), ...points];
  });
}
