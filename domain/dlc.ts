import { csvLine } from "./csv.ts";
import type { ResultMetadata, ResultRow } from "./result.ts";

/**
 * dlc.csv: as DeepLabCut writes the poses of several animals: four header rows, then a row for every frame of the video.
 * Places in pixels, keypoints as the model gave them. A task without keypoints has one body part, the middle of the box.
 */
export interface DlcTable {
  metadata: Pick<ResultMetadata, "origin_width" | "origin_height" | "body_parts">;
  /** All ids of the result, in the order of their columns. */
  ids: readonly string[];
}

const CENTRE = "centre";
/** DeepLabCut's level `scorer`: who says so. */
const SCORER = "actverse";

const partsOf = ({ metadata }: DlcTable): readonly string[] => (metadata.body_parts.length === 0 ? [CENTRE] : metadata.body_parts);

/** The names that `movement` gives to VIA's tracks, so that both files speak of the same individuals. */
export const individualOf = (id: string): string => `id_${id}`;

/** Four lines, each with its end. */
export function dlcHeader(table: DlcTable): string {
  const columns = table.ids.flatMap((id) => partsOf(table).flatMap((part) => ["x", "y", "likelihood"].map((coord) => [SCORER, individualOf(id), part, coord] as const)));
  return ["scorer", "individuals", "bodyparts", "coords"].map((level, i) => `${csvLine([level, ...columns.map((column) => column[i]!)])}\n`).join("");
}

/** What a frame says when no animal was found in it, or it was not processed. */
export const dlcEmptyLine = (frame: number, table: DlcTable): string => `${frame}${",".repeat(3 * table.ids.length * partsOf(table).length)}\n`;

export function dlcLine(row: ResultRow, table: DlcTable): string {
  const { origin_width: width, origin_height: height, body_parts: parts } = table.metadata;
  const place = (x: number, y: number, score: number): number[] => [Number((x * width).toFixed(2)), Number((y * height).toFixed(2)), Number(score.toFixed(4))];
  const values = table.ids.flatMap((id): (number | null)[] => {
    const i = row.ids.indexOf(id);
    if (i < 0) return partsOf(table).flatMap(() => [null, null, null]);
    if (parts.length === 0) {
      const [x1, y1, x2, y2] = row.boxes[i]!;
      return place((x1 + x2) / 2, (y1 + y2) / 2, row.boxes_score[i] ?? 0);
    }
    return parts.flatMap((_, k) => {
      const point = row.keypoints[i]?.[k];
      return point === undefined ? [null, null, null] : place(point[0], point[1], row.keypoints_score[i]?.[k] ?? 0);
    });
  });
  return `${csvLine([row.frame, ...values])}\n`;
}
