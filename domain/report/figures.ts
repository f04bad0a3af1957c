import type { Quality } from "../quality/quality.ts";
import type { ResultMetadata, ResultRow } from "../result.ts";
import { boxInPixels } from "../tidy.ts";

/**
 * The figures of report.html, of one pass over the rows. Places are box centres in pixels, as tracks.csv has them, so that the notebook finds the same.
 * Memory: bins for the drawn animals and pairs, however long the video is.
 */
export interface Figures {
  /** Seconds of one bin, and how many there are. */
  binS: number;
  bins: number;
  /** Of Quality's animals, in their order. */
  animals: { id: string; frames: number; distance: number; meanSpeed: number | null; maxSpeed: number | null; centreS: number }[];
  drawn: DrawnAnimal[];
  apart: { ids: [string, string]; pixels: (number | null)[] }[];
  occupancy: { columns: number; rows: number; seconds: Float64Array };
}

export interface DrawnAnimal {
  id: string;
  /** Ways without a gap. */
  paths: [number, number][][];
  /** By bin: pixels a second on average, pixels since the beginning, share of the frames in which it was found. */
  speed: (number | null)[];
  travelled: number[];
  present: number[];
}

/** A report with more is not read: drawn are those that were seen most. */
const DRAWN = 12;
const PAIRS = 10;
const BINS = 480;
const PATH_POINTS = 1500;
const COLUMNS = 48;

/** The middle half of the picture each way: of it, a report says how long an animal was there. */
export const centreZone = ({ origin_width: width, origin_height: height }: Pick<ResultMetadata, "origin_width" | "origin_height">): [number, number, number, number] => [width / 4, height / 4, (3 * width) / 4, (3 * height) / 4];

interface Tally {
  frames: number;
  distance: number;
  speeds: number;
  steps: number;
  maxSpeed: number;
  centreFrames: number;
  last: { frame: number; time: number; x: number; y: number } | null;
}
interface Drawing {
  id: string;
  paths: [number, number][][];
  pathBin: number;
  speed: Float64Array;
  steps: Uint32Array;
  moved: Float64Array;
  present: Uint32Array;
}

export function createFigures(metadata: ResultMetadata, quality: Pick<Quality, "animals" | "frame_step" | "last_frame">) {
  const { origin_width: width, origin_height: height, fps } = metadata;
  const { frame_step: step, last_frame: last } = quality;
  const frameS = fps > 0 ? step / fps : 0;
  const processed = Math.floor(last / step) + 1;
  /** Processed frames of a bin. */
  const [perBin, perPoint] = [Math.max(1, Math.ceil(processed / BINS)), Math.max(1, Math.ceil(processed / PATH_POINTS))];
  const bins = Math.max(1, Math.ceil(processed / perBin));
  const drawnIds = quality.animals.toSorted((a, b) => b.frames - a.frames).slice(0, DRAWN).map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
  const tallies = new Map(quality.animals.map(({ id }): [string, Tally] => [id, { frames: 0, distance: 0, speeds: 0, steps: 0, maxSpeed: 0, centreFrames: 0, last: null }]));
  const drawings = new Map(drawnIds.map((id): [string, Drawing] => [id, { id, paths: [], pathBin: Number.NaN, speed: new Float64Array(bins), steps: new Uint32Array(bins), moved: new Float64Array(bins), present: new Uint32Array(bins) }]));
  const pairs = drawnIds.flatMap((a, i) => drawnIds.slice(i + 1).map((b) => ({ ids: [a, b] as [string, string], sum: new Float64Array(bins), count: new Uint32Array(bins) }))).slice(0, PAIRS);
  const rows = Math.max(1, Math.round((COLUMNS * height) / width));
  const occupancy = new Float64Array(COLUMNS * rows);
  const framesIn = new Uint32Array(bins);
  const [left, top, right, bottom] = centreZone(metadata);

  function draw(drawing: Drawing, at: { x: number; y: number; index: number; bin: number }, move: { moved: number; speed: number } | null): void {
    const pathBin = Math.floor(at.index / perPoint);
    if (pathBin !== drawing.pathBin) {
      // A bin without the animal ends the way.
      if (pathBin !== drawing.pathBin + 1) drawing.paths.push([]);
      drawing.paths.at(-1)!.push([at.x, at.y]);
      drawing.pathBin = pathBin;
    }
    drawing.present[at.bin]! += 1;
    if (move === null) return;
    drawing.speed[at.bin]! += move.speed;
    drawing.steps[at.bin]! += 1;
    drawing.moved[at.bin]! += move.moved;
  }

  function push(row: ResultRow): void {
    const index = Math.floor(row.frame / step);
    const bin = Math.min(bins - 1, Math.floor(index / perBin));
    framesIn[bin]! += 1;
    const places = new Map<string, { x: number; y: number }>();
    row.ids.forEach((id, i) => {
      const [x1, y1, x2, y2] = boxInPixels(row.boxes[i]!, metadata);
      const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
      occupancy[Math.min(rows - 1, Math.floor((y / height) * rows)) * COLUMNS + Math.min(COLUMNS - 1, Math.floor((x / width) * COLUMNS))]! += frameS;
      const tally = tallies.get(id);
      if (tally === undefined) return;
      places.set(id, { x, y });
      // Only between neighbouring processed frames: over a gap, nobody knows the way that was taken.
      const before = tally.last !== null && row.frame - tally.last.frame === step ? tally.last : null;
      const moved = before === null ? 0 : Math.hypot(x - before.x, y - before.y);
      const speed = before === null ? 0 : moved / (row.timestamp - before.time);
      tally.frames += 1;
      if (x >= left && x <= right && y >= top && y <= bottom) tally.centreFrames += 1;
      if (before !== null) Object.assign(tally, { distance: tally.distance + moved, speeds: tally.speeds + speed, steps: tally.steps + 1, maxSpeed: Math.max(tally.maxSpeed, speed) });
      tally.last = { frame: row.frame, time: row.timestamp, x, y };
      const drawing = drawings.get(id);
      if (drawing !== undefined) draw(drawing, { x, y, index, bin }, before === null ? null : { moved, speed });
    });
    for (const { ids: [a, b], sum, count } of pairs) {
      const [one, other] = [places.get(a), places.get(b)];
      if (one === undefined || other === undefined) continue;
      sum[bin]! += Math.hypot(one.x - other.x, one.y - other.y);
      count[bin]! += 1;
    }
  }

  const means = (sum: Float64Array | Uint32Array, count: Uint32Array): (number | null)[] => Array.from(sum, (value, i) => ((count[i] ?? 0) === 0 ? null : value / count[i]!));
  function finish(): Figures {
    const drawn = [...drawings.values()].map(({ id, paths, speed, steps, moved, present }): DrawnAnimal => {
      let way = 0;
      return { id, paths, speed: means(speed, steps), travelled: Array.from(moved, (value) => (way += value)), present: means(present, framesIn).map((share) => share ?? 0) };
    });
    return {
      binS: perBin * frameS,
      bins,
      animals: [...tallies].map(([id, t]) => ({ id, frames: t.frames, distance: t.distance, meanSpeed: t.steps === 0 ? null : t.speeds / t.steps, maxSpeed: t.steps === 0 ? null : t.maxSpeed, centreS: t.centreFrames * frameS })),
      drawn,
      apart: pairs.map(({ ids, sum, count }) => ({ ids, pixels: means(sum, count) })),
      occupancy: { columns: COLUMNS, rows, seconds: occupancy },
    };
  }
  return { push, finish };
}
