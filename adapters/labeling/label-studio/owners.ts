import { contains } from "./geometry.ts";

export interface Point {
  /** Number of the keypoint's name. */
  name: number;
  x: number;
  y: number;
  /** The box's id, where the labelers said whose it is. */
  owner: string | null;
}

export type Problem = "two" | "nowhere" | "ambiguous";

/**
 * Whose each keypoint is, as the boxes' ids in the order of the points. Where labelers did not say, it is the box in which it lies;
 * of several, the one that lacks this keypoint when all others have theirs. The first point of which that cannot be said is a problem.
 */
export function assignOwners(points: Point[], boxes: { id: string; box: number[] }[]): { owners: string[] } | { point: Point; problem: Problem } {
  const owners = new Map<Point, string>();
  const taken = new Set<string>();
  const key = (box: string, { name }: Point): string => `${name} ${box}`;
  const give = (point: Point, box: string): boolean => {
    if (taken.has(key(box, point))) return false;
    taken.add(key(box, point));
    owners.set(point, box);
    return true;
  };

  for (const point of points) if (point.owner !== null && !give(point, point.owner)) return { point, problem: "two" };
  let open = points.filter(({ owner }) => owner === null);
  while (open.length > 0) {
    const before = open.length;
    for (const point of open) {
      const around = boxes.filter(({ box }) => contains(box, point.x, point.y));
      const free = around.filter(({ id }) => !taken.has(key(id, point)));
      if (around.length === 0) return { point, problem: "nowhere" };
      if (free.length === 0) return { point, problem: "two" };
      if (free.length === 1) give(point, free[0]!.id);
    }
    open = open.filter((point) => !owners.has(point));
    if (open.length === before) return { point: open[0]!, problem: "ambiguous" };
  }
  return { owners: points.map((point) => owners.get(point)!) };
}
