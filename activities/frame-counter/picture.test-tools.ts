import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A picture that says which it is: a marker and eight bits as blocks, large enough to survive compression. Places are those of the picture as it is coded, before any rotation. */

export const WIDTH = 256;
export const HEIGHT = 144;
/** How many pictures there are: the animal has run through then. */
export const PICTURES = 90;
const BLOCK = 16;
const TOP = 40;
const GROUND = 70;
const DARK = 20;
const BRIGHT = 235;
/** Of the marker, then of the bits, least first. */
const LEFT = Array.from({ length: 9 }, (_, i) => 8 + 24 * i);

/** Where the animal is in picture n: x1, y1, x2, y2. */
export const animalIn = (n: number): [number, number, number, number] => [8 + 2 * n, 84, 68 + 2 * n, 132];

/** Raw grey pictures for ffmpeg, and the options that read them. */
export async function writePictures(folder: string, rate: number): Promise<string[]> {
  const pictures = Array.from({ length: PICTURES }, (_, n) => {
    const pixels = Buffer.alloc(WIDTH * HEIGHT, GROUND);
    LEFT.forEach((left, i) => {
      const value = i === 0 || ((n >> (i - 1)) & 1) === 1 ? BRIGHT : DARK;
      for (let y = TOP; y < TOP + BLOCK; y++) pixels.fill(value, y * WIDTH + left, y * WIDTH + left + BLOCK);
    });
    return pixels;
  });
  const file = join(folder, "pictures.raw");
  await writeFile(file, Buffer.concat(pictures));
  return ["-f", "rawvideo", "-pix_fmt", "gray", "-video_size", `${WIDTH}x${HEIGHT}`, "-framerate", String(rate), "-i", file];
}

export type Rotation = 0 | 90 | 180 | 270;

/** The upright picture's size, and where a coded place is in it. */
export function upright(rotation: Rotation) {
  const turned = rotation === 90 || rotation === 270;
  const place = (x: number, y: number): [number, number] => (rotation === 0 ? [x, y] : rotation === 90 ? [HEIGHT - y, x] : rotation === 180 ? [WIDTH - x, HEIGHT - y] : [y, WIDTH - x]);
  const box = ([x1, y1, x2, y2]: readonly [number, number, number, number]): [number, number, number, number] => {
    const [[a, b], [c, d]] = [place(x1, y1), place(x2, y2)];
    return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  };
  return { width: turned ? HEIGHT : WIDTH, height: turned ? WIDTH : HEIGHT, place, box };
}

/** A grey value of an upright picture by its coded place. */
export function reader(pixels: Uint8Array, rotation: Rotation): (x: number, y: number) => number {
  const { width, place } = upright(rotation);
  return (x, y) => {
    const [u, v] = place(x + 0.5, y + 0.5);
    return pixels[Math.floor(v) * width + Math.floor(u)] ?? 0;
  };
}

/** Which picture this is. Throws where the marker is not in its place: turned wrongly, or not one of ours. */
export function counterIn(pixels: Uint8Array, rotation: Rotation): number {
  const at = reader(pixels, rotation);
  const bits = LEFT.map((left) => {
    let sum = 0;
    for (let y = TOP + 2; y < TOP + BLOCK - 2; y++) for (let x = left + 2; x < left + BLOCK - 2; x++) sum += at(x, y);
    return sum / (BLOCK - 4) ** 2 > 128;
  });
  if (bits[0] !== true || at(LEFT[8]! + 30, TOP + 8) > 128) throw new Error("the marker is not in its place");
  return bits.slice(1).reduce((sum, bit, i) => sum + (bit ? 1 << i : 0), 0);
}

/** The first column (coded) of what is drawn around the animal, where neither its trail nor its id is; -1 where nothing is. */
export function drawnEdge(pixels: Uint8Array, rotation: Rotation): number {
  const at = reader(pixels, rotation);
  for (let x = 0; x < WIDTH; x++) if (at(x, 98) > GROUND + 35) return x;
  return -1;
}
