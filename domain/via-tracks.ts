import { csvLine } from "./csv.ts";
import type { ResultRow } from "./result.ts";
import { boxInPixels, type TidyFacts } from "./tidy.ts";

/** via-tracks.csv: boxes as the VGG Image Annotator 2 exports tracks, a row per box; `movement` reads frame, track and confidence from the attributes. */
export const VIA_HEADER = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n";

/** The lines of one frame, each with its end. VIA knows pictures, not videos: a frame is a picture of its own whose name is its number. */
export function viaLines(row: ResultRow, metadata: TidyFacts): string {
  const picture = [`frame_${String(row.frame).padStart(8, "0")}.jpg`, -1, JSON.stringify({ frame: row.frame, time: row.timestamp })];
  const lines = row.ids.map((id, i) => {
    const [x1, y1, x2, y2] = boxInPixels(row.boxes[i]!, metadata);
    const size = (from: number, to: number): number => Number((to - from).toFixed(2));
    const shape = { name: "rect", x: x1, y: y1, width: size(x1, x2), height: size(y1, y2) };
    const about = { track: id, confidence: row.boxes_score[i] ?? 0, class: metadata.classes[row.class_ids[i] ?? 0] ?? "" };
    return `${csvLine([...picture, row.ids.length, i, JSON.stringify(shape), JSON.stringify(about)])}\n`;
  });
  return lines.join("");
}
