import type { Detection } from "./detections.ts";
import type { Size } from "./letterbox.ts";

/** How a body looks: red, green, blue, 0..255. */
export type Look = [number, number, number];

type Keypoint = [number, number, number];
type Add = (x: number, y: number) => void;

/** Keypoints below this score may lie beside the body; fewer than so many do not tell where it lies. */
const SURE_KEYPOINT = 0.5;
const ENOUGH = 3;
/** Samples along the lines between the keypoints. */
const ALONG = 80;
/** Without keypoints: rows and columns of samples over the middle half of the box. */
const GRID = 12;

/**
 * How the body of a detection looks. `pixels`: planar R, G, B of the image, `size`; the detection in pixels of that image.
 * Only the inner part of the body is read: along its keypoints, or else the middle of the box. Each channel's median, so that
 * a little ground among the samples does not matter. Undefined where no sample lies in the image.
 */
export function lookOf(pixels: Uint8Array, { width, height }: Size, { box, keypoints }: Pick<Detection, "box" | "keypoints">): Look | undefined {
  const sure = keypoints.filter(([, , score]) => score >= SURE_KEYPOINT);
  const samples = new Int32Array(Math.max(ALONG + sure.length, GRID * GRID));
  let count = 0;
  const add: Add = (x, y) => {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (column < 0 || row < 0 || column >= width || row >= height) return;
    samples[count] = row * width + column;
    count += 1;
  };
  if (sure.length >= ENOUGH) along(sure, add);
  else middleOf(box, add);
  if (count === 0) return undefined;
  const values = new Uint8Array(count);
  const median = (plane: number): number => {
    for (let i = 0; i < count; i += 1) values[i] = pixels[plane * width * height + samples[i]!]!;
    return values.sort()[count >> 1]!;
  };
  return [median(0), median(1), median(2)];
}

/** Evenly over the shortest lines that join all points (a tree): where a body is bent, they follow it. At most ALONG samples and one for each line. */
function along(points: Keypoint[], add: Add): void {
  const lines: { from: Keypoint; to: Keypoint; length: number }[] = [];
  const joined = [points[0]!];
  const left = new Set(points.slice(1));
  while (left.size > 0) {
    let [from, to, length] = [joined[0]!, joined[0]!, Infinity];
    for (const b of left) {
      for (const a of joined) {
        const far = Math.hypot(b[0] - a[0], b[1] - a[1]);
        if (far < length) [from, to, length] = [a, b, far];
      }
    }
    lines.push({ from, to, length });
    joined.push(to);
    left.delete(to);
  }
  const total = lines.reduce((sum, { length }) => sum + length, 0);
  for (const { from, to, length } of lines) {
    const count = total === 0 ? 1 : Math.ceil((length / total) * ALONG);
    for (let i = 0.5; i < count; i += 1) add(from[0] + ((to[0] - from[0]) * i) / count, from[1] + ((to[1] - from[1]) * i) / count);
  }
}

/** The ellipse half as wide and half as high as the box. */
function middleOf([left, top, right, bottom]: Detection["box"], add: Add): void {
  for (let i = 0.5; i < GRID; i += 1) {
    for (let j = 0.5; j < GRID; j += 1) {
      const [u, v] = [i / GRID - 0.5, j / GRID - 0.5];
      if (u * u + v * v <= 0.25) add((left + right + u * (right - left)) / 2, (top + bottom + v * (bottom - top)) / 2);
    }
  }
}
