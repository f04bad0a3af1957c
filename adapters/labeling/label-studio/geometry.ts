/** Decimal places of a pixel that survive the way through percents: far below what a screen shows, far above a double's rounding. */
const PRECISION = 1e6;
/** Pixels by which Label Studio's own rounding may push a region over the border. */
const SLACK = 0.01;

export interface Size {
  width: number;
  height: number;
}

export const toPercent = (pixels: number, size: number): number => (pixels / size) * 100;

export function toPixels(percent: number, size: number): number {
  const pixels = Math.round((percent / 100) * size * PRECISION) / PRECISION;
  if (pixels < 0 && pixels >= -SLACK) return 0;
  return pixels > size && pixels <= size + SLACK ? size : pixels;
}

export const contains = ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: number[], x: number, y: number): boolean => x >= x1 && x <= x2 && y >= y1 && y <= y2;

/** Whether two lists of numbers say the same place, within what the editor may change without anybody touching it. */
export const sameNumbers = (a: number[], b: number[]): boolean => a.length === b.length && a.every((value, i) => Math.abs(value - (b[i] ?? NaN)) <= SLACK);
