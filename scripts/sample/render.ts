import { createTexture, drawArena, type Picture, createPicture } from "./background.ts";
import { depth, type Body, type Cone } from "./body.ts";
import { createRandom } from "./random.ts";

/** How one animal looks: luma 16..235 and chroma of its coat. */
export interface Coat {
  y: number;
  u: number;
  v: number;
}

export interface RenderOptions {
  seed: number;
  width: number;
  height: number;
  wall: number;
  coats: Coat[];
}

const SKIN: Coat = { y: 136, u: 118, v: 144 };
const EYE: Coat = { y: 20, u: 128, v: 128 };
const FUR = 256;
const NOISE = 1 << 20;

/** Where a shape lies and, pixel by pixel, how deep inside it one is (negative outside). */
interface Field {
  x0: number;
  y0: number;
  columns: number;
  rows: number;
  depth: Float32Array;
  /** Which cone is deepest there. */
  cone: Int16Array;
}

/** Draws frames: the arena, then the animals from the lowest to the highest, then the camera's noise. */
export function createRenderer(options: RenderOptions): { draw(bodies: Body[], order: number[]): Picture } {
  const { width, height } = options;
  const arena = drawArena(options);
  const random = createRandom(options.seed ^ 0xcafe);
  const fur = createTexture(FUR, 64, random);
  const noise = Int8Array.from({ length: NOISE + width }, () => Math.round(random.normal() * 3));
  const light = { x: -0.6, y: -0.8 };

  function draw(bodies: Body[], order: number[]): Picture {
    const picture = createPicture(width, height);
    picture.data.set(arena.data);
    for (const index of order) {
      const body = bodies[index]!;
      const coat = options.coats[index]!;
      const blur = body.length * 0.1;
      const trunk = fieldOf(body.trunk, blur, width, height);
      shade(picture, trunk, { x: Math.round(body.length * 0.05), y: Math.round(body.length * 0.07) }, blur);
      paint(picture, fieldOf(body.tail, 1, width, height), { ...SKIN, y: (SKIN.y + coat.y) / 2 }, () => 0);
      paint(picture, trunk, coat, coatOf(body, trunk, coat.y));
      for (const ear of body.ears) {
        paint(picture, fieldOf([discOf(ear, ear.r)], 1, width, height), { ...coat, y: coat.y + 12 }, () => 0);
        paint(picture, fieldOf([discOf(ear, ear.r * 0.62)], 1, width, height), { ...SKIN, y: 58 + coat.y * 0.55 }, () => 0);
      }
      for (const eye of body.eyes) paint(picture, fieldOf([discOf(eye, eye.r)], 1, width, height), EYE, () => 0);
    }
    addNoise(picture);
    return picture;
  }

  /** Round, lit from the upper left, furry, with a darker back. */
  function coatOf(body: Body, field: Field, base: number): (i: number, d: number) => number {
    const round = body.length * 0.15;
    return (i, d) => {
      const x = i % field.columns;
      const gx = x > 0 && x < field.columns - 1 ? field.depth[i + 1]! - field.depth[i - 1]! : 0;
      const gy = i >= field.columns && i + field.columns < field.depth.length ? field.depth[i + field.columns]! - field.depth[i - field.columns]! : 0;
      const slope = Math.max(0, 1 - d / round);
      const cone = body.trunk[field.cone[i]!]!;
      const [px, py] = [x + field.x0 - cone.a.x, Math.floor(i / field.columns) + field.y0 - cone.a.y];
      const [dx, dy] = [cone.b.x - cone.a.x, cone.b.y - cone.a.y];
      const size = Math.hypot(dx, dy) || 1;
      // Fur moves with the body: along the spine (drawn out) and across it.
      const long = (cone.ua * body.length + (px * dx + py * dy) / size) * 0.5;
      const across = ((px * dy - py * dx) / size) * 1.6;
      const hair = fur[(Math.floor(across) & (FUR - 1)) * FUR + (Math.floor(long * 2) & (FUR - 1))]!;
      return -slope * (gx * light.x + gy * light.y) * 15 + hair * (5 + base * 0.05) - Math.max(0, 1 - slope * 2) * 7 + slope * 5;
    };
  }

  function addNoise(picture: Picture): void {
    const { y } = picture;
    for (let row = 0; row < height; row += 1) {
      const from = Math.floor(random.next() * NOISE);
      const start = row * width;
      for (let x = 0; x < width; x += 1) y[start + x] = y[start + x]! + noise[from + x]!;
    }
  }

  return { draw };
}

function discOf(at: { x: number; y: number }, r: number): Cone {
  return { a: at, b: at, ra: r, rb: r, ua: 0, ub: 0 };
}

/** `margin`: how far outside the shape the depth is still wanted, pixels. */
function fieldOf(cones: Cone[], margin: number, width: number, height: number): Field {
  const bound = (low: boolean, axis: "x" | "y", size: number) => {
    const ends = cones.flatMap((c) => (low ? [c.a[axis] - c.ra, c.b[axis] - c.rb] : [c.a[axis] + c.ra, c.b[axis] + c.rb]));
    return low ? Math.max(0, Math.floor(Math.min(...ends) - margin - 1)) : Math.min(size - 1, Math.ceil(Math.max(...ends) + margin + 1));
  };
  const [x0, y0] = [bound(true, "x", width), bound(true, "y", height)];
  const columns = Math.max(0, bound(false, "x", width) - x0 + 1);
  const rows = Math.max(0, bound(false, "y", height) - y0 + 1);
  const field: Field = { x0, y0, columns, rows, depth: new Float32Array(columns * rows).fill(-1e3), cone: new Int16Array(columns * rows) };
  for (const [index, cone] of cones.entries()) {
    const reach = Math.max(cone.ra, cone.rb) + margin + 1;
    const left = Math.max(0, Math.floor(Math.min(cone.a.x, cone.b.x) - reach) - x0);
    const right = Math.min(columns - 1, Math.ceil(Math.max(cone.a.x, cone.b.x) + reach) - x0);
    const top = Math.max(0, Math.floor(Math.min(cone.a.y, cone.b.y) - reach) - y0);
    const bottom = Math.min(rows - 1, Math.ceil(Math.max(cone.a.y, cone.b.y) + reach) - y0);
    for (let row = top; row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        const d = depth(cone, column + x0, row + y0);
        const i = row * columns + column;
        if (d > field.depth[i]!) {
          field.depth[i] = d;
          field.cone[i] = index;
        }
      }
    }
  }
  return field;
}

/** Antialiased: a border pixel is covered in part. `relief` is added to the coat's luma. */
function paint(picture: Picture, field: Field, coat: Coat, relief: (i: number, d: number) => number): void {
  const { width } = picture;
  for (let row = 0; row < field.rows; row += 1) {
    for (let column = 0; column < field.columns; column += 1) {
      const i = row * field.columns + column;
      const d = field.depth[i]!;
      if (d <= -0.5) continue;
      const cover = Math.min(1, d + 0.5);
      const [x, y] = [column + field.x0, row + field.y0];
      const at = y * width + x;
      picture.y[at] = picture.y[at]! + (coat.y + relief(i, d) - picture.y[at]!) * cover;
      if (x % 2 === 1 || y % 2 === 1) continue;
      const c = (y / 2) * (width / 2) + x / 2;
      picture.u[c] = picture.u[c]! + (coat.u - picture.u[c]!) * cover;
      picture.v[c] = picture.v[c]! + (coat.v - picture.v[c]!) * cover;
    }
  }
}

/** A soft shadow beside the body, on the floor and on whoever lies below. */
function shade(picture: Picture, field: Field, offset: { x: number; y: number }, blur: number): void {
  for (let row = 0; row < field.rows; row += 1) {
    const y = row + field.y0 + offset.y;
    if (y >= picture.height) break;
    for (let column = 0; column < field.columns; column += 1) {
      const x = column + field.x0 + offset.x;
      if (x >= picture.width) break;
      const d = field.depth[row * field.columns + column]!;
      if (d <= -blur) continue;
      const t = Math.min(1, (d + blur) / (2 * blur));
      const at = y * picture.width + x;
      picture.y[at] = picture.y[at]! * (1 - 0.42 * t * t * (3 - 2 * t));
    }
  }
}
