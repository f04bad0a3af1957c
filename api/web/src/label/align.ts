import type { Box } from "../../../../domain/boxes.ts";

/** A picture in shades of grey: one byte a pixel, rows from the top. */
export interface Grey {
  width: number;
  height: number;
  data: Uint8ClampedArray | Uint8Array;
}

/** How an animal of one picture lies in another: turned by `angle` (radians, clockwise on the screen) around its box's centre, then moved by dx, dy pixels. */
export interface Alignment {
  dx: number;
  dy: number;
  angle: number;
  /** Correlation of the two, -1 to 1. */
  score: number;
}

/** Longer side of the compared patch, pixels: enough for where an animal lies and how it is turned, little enough to try thousands of places. */
const COARSE = 20;
const FINE = 44;
const TURNS = 30;
/** Half a turn costs so much correlation: animals look alike from both ends, and rarely turn round between two frames. */
const TURN_COST = 0.08;

interface Patch {
  /** Of each compared pixel: its place from the centre in picture pixels, its shade, its weight. */
  x: Float32Array;
  y: Float32Array;
  shade: Float32Array;
  weight: Float32Array;
}

const shadeAt = ({ width, height, data }: Grey, x: number, y: number): number => {
  const px = Math.min(width - 1, Math.max(0, Math.round(x)));
  const py = Math.min(height - 1, Math.max(0, Math.round(y)));
  return data[py * width + px] ?? 0;
};

/** Mean of the shades around a place, so that a coarse look is not a lottery of single pixels. */
function blurredAt(picture: Grey, x: number, y: number, radius: number): number {
  if (radius < 1) return shadeAt(picture, x, y);
  let sum = 0;
  for (const [ox, oy] of [[0, 0], [-1, -1], [1, -1], [-1, 1], [1, 1]] as const) sum += shadeAt(picture, x + ox * radius, y + oy * radius);
  return sum / 5;
}

/** The animal with a little ground around it; the middle counts most. */
function patchOf(picture: Grey, [x1, y1, x2, y2]: Box, size: number): Patch & { step: number } {
  const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [rx, ry] = [((x2 - x1) / 2) * 1.15, ((y2 - y1) / 2) * 1.15];
  const step = Math.max(rx, ry) * 2 / size;
  const points: [number, number, number, number][] = [];
  for (let y = -ry; y <= ry; y += step) {
    for (let x = -rx; x <= rx; x += step) {
      const far = (x / rx) ** 2 + (y / ry) ** 2;
      if (far <= 1) points.push([x, y, blurredAt(picture, cx + x, cy + y, step / 2.5), 1 - 0.6 * far]);
    }
  }
  const column = (index: 0 | 1 | 2 | 3): Float32Array => Float32Array.from(points, (point) => point[index]);
  return { x: column(0), y: column(1), shade: column(2), weight: column(3), step };
}

/** Weighted correlation of the patch with the picture around (cx, cy), turned by `angle`. */
function correlation(patch: Patch & { step: number }, picture: Grey, cx: number, cy: number, angle: number): number {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const radius = patch.step / 2.5;
  let [w, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < patch.x.length; i += 1) {
    const [x, y] = [patch.x[i] as number, patch.y[i] as number];
    const shade = blurredAt(picture, cx + x * cos - y * sin, cy + x * sin + y * cos, radius);
    const weight = patch.weight[i] as number;
    const own = patch.shade[i] as number;
    w += weight;
    a += weight * own;
    b += weight * shade;
    aa += weight * own * own;
    bb += weight * shade * shade;
    ab += weight * own * shade;
  }
  const variance = (aa - (a * a) / w) * (bb - (b * b) / w);
  return variance <= 0 ? 0 : (ab - (a * b) / w) / Math.sqrt(variance);
}

/**
 * Finds the animal that lies in `box` of `from` near `near` (a point of `to`), whichever way it is turned.
 * Coarse to fine: all turns at few pixels, then the best ones at more.
 *
 * @param options.reach how far from `near` it may lie, in shares of the box's longer side
 */
export function align(options: { from: Grey; to: Grey; box: Box; near: [number, number]; reach: number }): Alignment {
  const { from, to, box, near } = options;
  const [cx, cy] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const reach = options.reach * Math.max(box[2] - box[0], box[3] - box[1]);
  const coarse = patchOf(from, box, COARSE);
  const found: Alignment[] = [];
  const cost = (angle: number): number => (TURN_COST * Math.abs(angle)) / Math.PI;
  for (let turn = 0; turn < TURNS; turn += 1) {
    const angle = ((turn > TURNS / 2 ? turn - TURNS : turn) * 2 * Math.PI) / TURNS;
    let best: Alignment = { dx: 0, dy: 0, angle, score: -Infinity };
    for (let y = -reach; y <= reach; y += coarse.step * 1.5) {
      for (let x = -reach; x <= reach; x += coarse.step * 1.5) {
        const score = correlation(coarse, to, near[0] + x, near[1] + y, angle) - cost(angle);
        if (score > best.score) best = { dx: near[0] + x - cx, dy: near[1] + y - cy, angle, score };
      }
    }
    found.push(best);
  }
  const fine = patchOf(from, box, FINE);
  const refined = found.toSorted((a, b) => b.score - a.score).slice(0, 4).map((start) => {
    let best = { ...start, score: correlation(fine, to, cx + start.dx, cy + start.dy, start.angle) - cost(start.angle) };
    for (let [move, turn] = [coarse.step, Math.PI / TURNS]; move >= 0.4; move /= 2, turn /= 2) {
      for (let tries = 0, better = true; better && tries < 6; tries += 1) {
        better = false;
        for (const [x, y, t] of [[move, 0, 0], [-move, 0, 0], [0, move, 0], [0, -move, 0], [0, 0, turn], [0, 0, -turn]] as const) {
          const next = { dx: best.dx + x, dy: best.dy + y, angle: best.angle + t };
          const score = correlation(fine, to, cx + next.dx, cy + next.dy, next.angle) - cost(next.angle);
          if (score > best.score) {
            best = { ...next, score };
            better = true;
          }
        }
      }
    }
    return best;
  });
  const best = refined.reduce((a, b) => (b.score > a.score ? b : a));
  return { ...best, score: best.score + cost(best.angle) };
}
