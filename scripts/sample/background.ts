import { createRandom, type Random } from "./random.ts";

/** A picture in planar YUV 4:2:0, as video encoders take it: the planes one after the other in `data`. */
export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
  y: Uint8ClampedArray<ArrayBuffer>;
  u: Uint8ClampedArray<ArrayBuffer>;
  v: Uint8ClampedArray<ArrayBuffer>;
}

export function createPicture(width: number, height: number): Picture {
  const size = width * height;
  const data = new Uint8ClampedArray(new ArrayBuffer((size * 3) / 2));
  return { width, height, data, y: data.subarray(0, size), u: data.subarray(size, size * 1.25), v: data.subarray(size * 1.25) };
}

/** Smooth noise, -1..1, that repeats after `size` pixels (a power of two). */
export function createTexture(size: number, cells: number, random: Random): Float32Array {
  const grid = Float32Array.from({ length: cells * cells }, () => random.between(-1, 1));
  const texture = new Float32Array(size * size);
  const step = cells / size;
  for (let y = 0; y < size; y += 1) {
    const gy = Math.floor(y * step);
    const ty = ease(y * step - gy);
    for (let x = 0; x < size; x += 1) {
      const gx = Math.floor(x * step);
      const tx = ease(x * step - gx);
      const at = (i: number, k: number) => grid[((gy + k) % cells) * cells + ((gx + i) % cells)]!;
      const top = at(0, 0) + (at(1, 0) - at(0, 0)) * tx;
      const bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * tx;
      texture[y * size + x] = top + (bottom - top) * ty;
    }
  }
  return texture;
}

/** The empty arena: a floor of bedding under a lamp, with walls around it. */
export function drawArena(options: { seed: number; width: number; height: number; wall: number }): Picture {
  const { width, height, wall } = options;
  const random = createRandom(options.seed ^ 0xa7e4a);
  const picture = createPicture(width, height);
  const size = 1024;
  const coarse = createTexture(size, 8, random);
  const middle = createTexture(size, 64, random);
  const fine = createTexture(size, 256, random);
  const light = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const t = (y % size) * size + (x % size);
      const lamp = Math.hypot((x - width * 0.45) / width, (y - height * 0.4) / height);
      light[y * width + x] = 176 - 62 * lamp * lamp + 7 * coarse[t]! + 6 * middle[t]! + 5 * fine[t]!;
    }
  }
  scatter(light, options, random);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const i = y * width + x;
      const edge = Math.min(x, y, width - 1 - x, height - 1 - y);
      // Grey walls; on the floor beside them lies their shadow.
      picture.y[i] = edge < wall ? 92 + 18 * fine[(y % size) * size + (x % size)]! * 0.3 - 20 * (edge / wall) : light[i]! * (1 - 0.3 * Math.exp(-(edge - wall) / (wall * 0.7)));
      if (x % 2 === 1 || y % 2 === 1) continue;
      const c = (y / 2) * (width / 2) + x / 2;
      const tint = coarse[(x % size) * size + (y % size)]! * 2;
      picture.u[c] = edge < wall ? 129 : 116 + tint;
      picture.v[c] = edge < wall ? 127 : 134 - tint;
    }
  }
  return picture;
}

/** Wood chips: short strokes, lighter or darker than the floor. */
function scatter(light: Float32Array, size: { width: number; height: number }, random: Random): void {
  const scale = size.width / 1280;
  const count = Math.round((size.width * size.height) / (130 * Math.max(0.25, scale * scale)));
  for (let i = 0; i < count; i += 1) {
    const angle = random.between(0, Math.PI);
    const length = random.between(2, 9) * scale;
    const bright = random.normal() * 9;
    const [cx, cy] = [random.next() * size.width, random.next() * size.height];
    const thick = random.next() < 0.4 ? 2 : 1;
    for (let t = -length; t <= length; t += 0.8) {
      const x = Math.round(cx + Math.cos(angle) * t);
      const y = Math.round(cy + Math.sin(angle) * t);
      for (let k = 0; k < thick; k += 1) {
        if (x >= 0 && y + k >= 0 && x < size.width && y + k < size.height) light[(y + k) * size.width + x]! += bright;
      }
    }
  }
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}
