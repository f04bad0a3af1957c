import type { Background } from "./background.ts";
import { withMats, type OpenCv } from "./opencv.ts";

/** A connected patch of foreground; pixels of the reduced image. */
export interface Blob {
  /** x1, y1, x2, y2; the second corner lies outside. */
  box: [number, number, number, number];
  area: number;
  /** Mean difference to the background, grey levels. */
  contrast: number;
  /** x, y of each pixel. */
  points: Float32Array;
}

/** Hysteresis: a patch must reach `high` somewhere, and extends as far as `low`. Grey levels of difference to the background. */
export interface Thresholds {
  low: number;
  high: number;
}

/** From the noise of the background and the contrast of what moves: half-way to the animals, but well above the noise. */
export function thresholdsOf(background: Background, frames: Uint8Array[]): Thresholds {
  const { grey, animalsAreDark, offset, noise } = background;
  const floor = Math.max(8, offset + 5 * noise);
  // What differs clearly: its mean is the animals' contrast.
  let sum = 0;
  let count = 0;
  for (const frame of frames) {
    for (let i = 0; i < frame.length; i++) {
      const difference = animalsAreDark ? grey[i]! - frame[i]! : frame[i]! - grey[i]!;
      if (difference <= floor * 1.5) continue;
      sum += difference;
      count += 1;
    }
  }
  const contrast = count === 0 ? floor * 2 : sum / count;
  return { low: Math.max(floor, contrast * 0.4), high: Math.max(floor * 1.5, contrast * 0.8) };
}

/** The patches of one frame, at least `minArea` pixels each. */
export function blobsOf(cv: OpenCv, frame: Uint8Array, background: Background, thresholds: Thresholds, minArea: number): Blob[] {
  const { width, height, grey, animalsAreDark } = background;
  return withMats((keep) => {
    const mask = keep(new cv.Mat(height, width, cv.CV_8U));
    const difference = new Int16Array(frame.length);
    for (let i = 0; i < frame.length; i++) {
      difference[i] = animalsAreDark ? grey[i]! - frame[i]! : frame[i]! - grey[i]!;
      mask.data[i] = difference[i]! > thresholds.low ? 255 : 0;
    }
    // Closing joins an animal's parts over a bright stripe; opening drops single pixels.
    const kernel = keep(cv.getStructuringElement(cv.MORPH_ELLIPSE, new cv.Size(3, 3)));
    cv.morphologyEx(mask, mask, cv.MORPH_CLOSE, kernel);
    cv.morphologyEx(mask, mask, cv.MORPH_OPEN, kernel);
    const labels = keep(new cv.Mat());
    const stats = keep(new cv.Mat());
    const centroids = keep(new cv.Mat());
    const count = cv.connectedComponentsWithStats(mask, labels, stats, centroids, 8, cv.CV_32S);
    const found: Blob[] = [];
    for (let label = 1; label < count; label++) {
      const [x, y, w, h, area] = Array.from({ length: 5 }, (_, column) => stats.intAt(label, column)) as [number, number, number, number, number];
      if (area < minArea) continue;
      const points = new Float32Array(area * 2);
      let next = 0;
      let peak = 0;
      let sum = 0;
      for (let row = y; row < y + h; row++) {
        for (let column = x; column < x + w; column++) {
          const at = row * width + column;
          if (labels.data32S[at] !== label) continue;
          points.set([column, row], next);
          next += 2;
          peak = Math.max(peak, difference[at]!);
          sum += difference[at]!;
        }
      }
      if (peak > thresholds.high) found.push({ box: [x, y, x + w, y + h], area, contrast: sum / area, points });
    }
    return found;
  });
}
