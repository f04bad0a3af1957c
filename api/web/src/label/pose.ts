import type { LabeledObject } from "../../../../domain/labels.ts";
import { tenth, type Size } from "./objects.ts";

/** A point moved by a turn, a scale and a shift: (x, y) becomes (a x - b y + tx, b x + a y + ty). */
interface Similarity {
  a: number;
  b: number;
  tx: number;
  ty: number;
}
type Point = [number, number];

/** The similarity that brings `from` nearest to `to` (least squares; Umeyama 1991 in two dimensions). null with fewer than two different points. */
export function similarity(from: readonly Point[], to: readonly Point[]): Similarity | null {
  const n = from.length;
  const mean = (points: readonly Point[], axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / n;
  const [fx, fy, gx, gy] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)];
  let [dot, cross, spread] = [0, 0, 0];
  for (const [i, [x, y]] of from.entries()) {
    const [u, v] = to[i] as Point;
    dot += (x - fx) * (u - gx) + (y - fy) * (v - gy);
    cross += (x - fx) * (v - gy) - (y - fy) * (u - gx);
    spread += (x - fx) ** 2 + (y - fy) ** 2;
  }
  if (n < 2 || spread < 1e-9) return null;
  const [a, b] = [dot / spread, cross / spread];
  return { a, b, tx: gx - a * fx + b * fy, ty: gy - b * fx - a * fy };
}

const isPlaced = (keypoint: readonly number[] | undefined): keypoint is [number, number, number] => (keypoint?.[2] ?? 0) > 0;

/** What `restOfPose` can lay of this animal after that one: how many keypoints, or 0 where fewer than two are common. */
export function canLay(object: LabeledObject, like: LabeledObject): number {
  return common(object, like).from.length < 2 ? 0 : object.keypoints.filter((keypoint, i) => !isPlaced(keypoint) && isPlaced(like.keypoints[i])).length;
}

/** The keypoints that both have placed: where the other's lie, and where this one's. */
function common(object: LabeledObject, like: LabeledObject): { from: Point[]; to: Point[] } {
  const both = object.keypoints.flatMap((keypoint, i) => {
    const other = like.keypoints[i];
    return isPlaced(keypoint) && isPlaced(other) ? [{ from: [other[0], other[1]] as Point, to: [keypoint[0], keypoint[1]] as Point }] : [];
  });
  return { from: both.map(({ from }) => from), to: both.map(({ to }) => to) };
}

/** How badly that pose fits the placed keypoints of this one: how far they are off after turning and scaling, in shares of their spread, and how much it had to be scaled. Infinity where it cannot be said. */
export function misfit(object: LabeledObject, like: LabeledObject): number {
  const { from, to } = common(object, like);
  const map = similarity(from, to);
  if (map === null) return Infinity;
  const off = from.reduce((sum, [x, y], i) => sum + Math.hypot(map.a * x - map.b * y + map.tx - (to[i]?.[0] ?? 0), map.b * x + map.a * y + map.ty - (to[i]?.[1] ?? 0)), 0);
  const spread = to.reduce((sum, [x, y]) => sum + Math.hypot(x - (to[0]?.[0] ?? 0), y - (to[0]?.[1] ?? 0)), 0);
  return spread === 0 ? Infinity : off / spread + Math.abs(Math.log(Math.hypot(map.a, map.b)));
}

/** The keypoints that are not placed yet, as they lie in `like`, turned and scaled so that the placed ones fit. Those outside of the frame stay absent. */
export function restOfPose(object: LabeledObject, like: LabeledObject, size: Size): LabeledObject {
  const { from, to } = common(object, like);
  const map = similarity(from, to);
  if (map === null) return object;
  const keypoints = object.keypoints.map((keypoint, i) => {
    const other = like.keypoints[i];
    if (isPlaced(keypoint) || !isPlaced(other)) return keypoint;
    const [x, y] = [map.a * other[0] - map.b * other[1] + map.tx, map.b * other[0] + map.a * other[1] + map.ty];
    return x < 0 || y < 0 || x > size.width || y > size.height ? keypoint : [tenth(x), tenth(y), other[2]];
  });
  return { ...object, keypoints, confirmed: true };
}
