import type { ResultMetadata, ResultRow } from "./result.ts";

/**
 * An Advanced SubStation file that draws boxes, skeletons, keypoints, ids and the time over a video:
 * ffmpeg draws it in one pass, which costs less than drawing in pixels ourselves.
 * Script size = video size, so all places are pixels. Drawings use \p4 (eighths of a pixel), as the format wants whole numbers.
 */

/** Seconds of a script for one of the video: the format's hundredths are then 10 microseconds, less than half of any frame. */
export const ASS_CLOCK = 1000;

/** A keypoint below this score is a guess: it is in the results, but a picture would state it as a fact. */
const LEAST_DRAWN_SCORE = 0.3;

/** Told apart by most colour-blind people (Okabe and Ito), without black; more ids begin again, darker. RGB. */
const COLOURS: readonly [number, number, number][] = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [213, 94, 0], [204, 121, 167], [60, 110, 220]];

/** The same id has the same colour in every frame: `&HBBGGRR&`. */
export function colourOf(id: string): string {
  const n = Number.parseInt(id, 10) || 0;
  const shade = 1 / (1 + 0.35 * Math.floor(n / COLOURS.length));
  const [r, g, b] = COLOURS[n % COLOURS.length] ?? [255, 255, 255];
  return `&H${[b, g, r].map((v) => Math.round(v * shade).toString(16).padStart(2, "0").toUpperCase()).join("")}&`;
}

/** h:mm:ss.cc, the format's only way to say a time. */
export function assTime(seconds: number): string {
  const cs = Math.max(0, Math.round(seconds * 100));
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${Math.floor(cs / 360_000)}:${two(Math.floor(cs / 6000) % 60)}:${two(Math.floor(cs / 100) % 60)}.${two(cs % 100)}`;
}

interface Sizes {
  line: number;
  dot: number;
  font: number;
}
const sizesOf = (width: number, height: number): Sizes => {
  const line = Math.max(1.5, Math.min(width, height) / 360);
  return { line, dot: 1.6 * line, font: Math.max(10, Math.round(Math.min(width, height) / 32)) };
};

export function assHead({ origin_width: width, origin_height: height }: Pick<ResultMetadata, "origin_width" | "origin_height">): string {
  const { font } = sizesOf(width, height);
  return [
    "[Script Info]",
    "ScriptType: v4.00+",
    `PlayResX: ${width}`,
    `PlayResY: ${height}`,
    "WrapStyle: 2",
    "ScaledBorderAndShadow: yes",
    "",
    "[V4+ Styles]",
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding",
    `Style: Draw,DejaVu Sans,${font},&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,1`,
    `Style: Text,DejaVu Sans,${font},&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,-1,0,0,0,100,100,0,0,1,1.5,0,7,0,0,0,1`,
    "",
    "[Events]",
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
    "",
  ].join("\n");
}

type Point = readonly [number, number];
const path = (points: readonly Point[]): string => {
  const [first, ...rest] = points.map(([x, y]) => `${Math.round(x * 8)} ${Math.round(y * 8)}`);
  return `m ${first} l ${rest.join(" ")}`;
};

/** A rectangle's edge as one filled shape: the inner way round runs against the outer one, so the middle stays open. */
function frameOf([x1, y1, x2, y2]: readonly number[], line: number): string {
  const [l, t, r, b] = [x1 ?? 0, y1 ?? 0, x2 ?? 0, y2 ?? 0];
  const i = Math.min(line, (r - l) / 2, (b - t) / 2);
  return `${path([[l, t], [r, t], [r, b], [l, b]])} ${path([[l + i, t + i], [l + i, b - i], [r - i, b - i], [r - i, t + i]])}`;
}

/** A thick line; always the same way round as a box's outer edge, so that overlapping shapes add up instead of cancelling. */
function lineOf([ax, ay]: Point, [bx, by]: Point, line: number): string {
  const length = Math.hypot(bx - ax, by - ay);
  if (length < 0.01) return "";
  const [nx, ny] = [((ay - by) / length) * (line / 2), ((bx - ax) / length) * (line / 2)];
  return path([[ax - nx, ay - ny], [bx - nx, by - ny], [bx + nx, by + ny], [ax + nx, ay + ny]]);
}

/** An octagon is round enough at a few pixels. */
const dotOf = ([x, y]: Point, radius: number): string =>
  path(Array.from({ length: 8 }, (_, k) => [x + radius * Math.cos((k * Math.PI) / 4), y + radius * Math.sin((k * Math.PI) / 4)] as const));

/** Braces and backslashes are commands inside a text. */
const plain = (text: string): string => text.replaceAll("{", "(").replaceAll("}", ")").replaceAll("\\", "/").replaceAll("\n", " ");

export interface DrawnFrame {
  row: ResultRow;
  metadata: Pick<ResultMetadata, "origin_width" | "origin_height" | "classes" | "skeleton">;
  /** Where each animal was: oldest first, shares of the picture. */
  trails?: ReadonlyMap<string, readonly Point[]>;
  /** Seconds of the script: from when to when this state is shown. */
  from: number;
  to: number;
}

/** The lines for one processed frame, each ended by a newline: per animal its trail, its shape and its id; and the time. */
export function assEvents({ row, metadata, from, to, trails }: DrawnFrame): string {
  const { origin_width: width, origin_height: height } = metadata;
  const sizes = sizesOf(width, height);
  const when = `${assTime(from)},${assTime(to)}`;
  if (assTime(from) === assTime(to)) return "";
  const scaled = ([x, y]: Point): Point => [x * width, y * height];
  let lines = "";
  row.ids.forEach((id, i) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = row.boxes[i] ?? [];
    const box = [x1 * width, y1 * height, x2 * width, y2 * height] as const;
    const scores = row.keypoints_score[i] ?? [];
    const points = (row.smoothed_keypoints[i] ?? row.keypoints[i] ?? []).map((p, k) => ((scores[k] ?? 1) >= LEAST_DRAWN_SCORE ? scaled(p) : undefined));
    const bones = metadata.skeleton.map(([a, b]) => {
      const [start, end] = [points[a], points[b]];
      return start === undefined || end === undefined ? "" : lineOf(start, end, sizes.line);
    });
    const shapes = [frameOf(box, sizes.line), ...bones, ...points.map((p) => (p === undefined ? "" : dotOf(p, sizes.dot)))].filter((s) => s !== "").join(" ");
    const colour = colourOf(id);
    const trail = (trails?.get(id) ?? []).map(scaled);
    const pieces = trail.slice(1).map((point, k) => lineOf(trail[k] ?? point, point, sizes.line)).filter((s) => s !== "").join(" ");
    if (pieces !== "") lines += `Dialogue: 0,${when},Draw,,0,0,0,,{\\pos(0,0)\\1c${colour}\\1a&H60&\\p4}${pieces}{\\p0}\n`;
    lines += `Dialogue: 1,${when},Draw,,0,0,0,,{\\pos(0,0)\\1c${colour}\\p4}${shapes}{\\p0}\n`;
    const name = metadata.classes.length > 1 ? ` ${plain(metadata.classes[row.class_ids[i] ?? 0] ?? "")}` : "";
    // Above the box, or inside it where the frame ends.
    const above = box[1] >= sizes.font * 1.2;
    lines += `Dialogue: 2,${when},Text,,0,0,0,,{\\an${above ? 1 : 7}\\pos(${Math.round(box[0])},${Math.round(box[1] + (above ? 0 : sizes.line))})\\1c${colour}}${plain(id)}${name}\n`;
  });
  lines += `Dialogue: 3,${when},Text,,0,0,0,,{\\an7\\pos(${Math.round(sizes.font / 2)},${Math.round(sizes.font / 3)})}${row.timestamp.toFixed(3)} s   ${row.frame}\n`;
  return lines;
}

/**
 * Where a frame begins on the screen: half-way from the frame before, so that no rounding hits a neighbour.
 *
 * @param times seconds after the first frame, ascending, of every frame of the video
 */
export function borderBefore(times: ArrayLike<number>, frame: number): number {
  if (frame <= 0) return 0;
  const before = times[frame - 1];
  const at = times[frame];
  if (before !== undefined && at !== undefined) return (before + at) / 2;
  // After the last frame: as long as the one before it lasted, and a second for players that hold the last picture.
  return (times[times.length - 1] ?? 0) + 1;
}
