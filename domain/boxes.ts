/** x1, y1, x2, y2 */
export type Box = [number, number, number, number];

/** Intersection over union; 0 where they do not overlap. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const overlap = width * height;
  return overlap / (area(a) + area(b) - overlap);
}

export function area(box: Box): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

export function diagonal(box: Box): number {
  return Math.hypot(box[2] - box[0], box[3] - box[1]);
}
