import type { ResultMetadata, ResultRow } from "./result.ts";

/** tracks.csv: tidy, a row per animal and processed frame. Times in seconds, places in pixels of the upright frame. */

/** RFC 4180: quoted only where it must be. */
const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const rounded = (value: number, digits: number): string => String(Number(value.toFixed(digits)));

/** The header line, without a line end. */
export function csvHeader(metadata: Pick<ResultMetadata, "body_parts">): string {
  const parts = metadata.body_parts.flatMap((part) => [`${part}_x`, `${part}_y`, `${part}_score`]);
  return ["frame", "time", "id", "class", "score", "x1", "y1", "x2", "y2", ...parts].map(field).join(",");
}

/** One line per animal of the frame; none for a frame without animals. Keypoints as the model gave them, not the smoothed ones. */
export function csvLines(row: ResultRow, metadata: Pick<ResultMetadata, "origin_width" | "origin_height" | "classes" | "body_parts">): string[] {
  const { origin_width: width, origin_height: height } = metadata;
  return row.ids.map((id, i) => {
    const [x1, y1, x2, y2] = row.boxes[i] ?? [0, 0, 0, 0];
    const classId = row.class_ids[i] ?? 0;
    const parts = metadata.body_parts.flatMap((_, k) => {
      const point = row.keypoints[i]?.[k];
      return point === undefined ? ["", "", ""] : [rounded(point[0] * width, 2), rounded(point[1] * height, 2), rounded(row.keypoints_score[i]?.[k] ?? 0, 4)];
    });
    return [
      String(row.frame),
      rounded(row.timestamp, 6),
      id,
      field(metadata.classes[classId] ?? String(classId)),
      rounded(row.boxes_score[i] ?? 0, 4),
      rounded(x1 * width, 2),
      rounded(y1 * height, 2),
      rounded(x2 * width, 2),
      rounded(y2 * height, 2),
      ...parts,
    ].join(",");
  });
}
