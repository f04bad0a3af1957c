import type { Point, Pose } from "./behaviour.ts";

/** A disc that grows or shrinks along a line; a body is a row of them. `u`: place along the body, 0 nose .. 1 tail base. */
export interface Cone {
  a: Point;
  b: Point;
  ra: number;
  rb: number;
  ua: number;
  ub: number;
}

export interface Disc extends Point {
  r: number;
}

export interface Body {
  trunk: Cone[];
  tail: Cone[];
  /** left, right */
  ears: [Disc, Disc];
  eyes: [Disc, Disc];
  length: number;
}

export const KEYPOINTS = ["nose", "ear_left", "ear_right", "body", "tail_base"];
export const SKELETON: [number, number][] = [[0, 1], [0, 2], [1, 3], [2, 3], [3, 4]];

/** Half widths at the spine's joints, in body lengths. */
const RADII = [0.026, 0.086, 0.108, 0.15, 0.158, 0.05];
const PARTS_PER_LINK = 3;

export function bodyOf(pose: Pose): Body {
  const { spine, tail, length } = pose;
  const trunk: Cone[] = [];
  for (let i = 0; i + 1 < spine.length; i += 1) {
    for (let k = 0; k < PARTS_PER_LINK; k += 1) {
      const from = along(spine, i, k / PARTS_PER_LINK);
      const to = along(spine, i, (k + 1) / PARTS_PER_LINK);
      const last = spine.length - 1;
      trunk.push({ a: from.point, b: to.point, ra: from.radius * length, rb: to.radius * length, ua: (i + k / PARTS_PER_LINK) / last, ub: (i + (k + 1) / PARTS_PER_LINK) / last });
    }
  }
  const tailCones = tail.slice(1).map((b, i) => ({ a: tail[i]!, b, ra: thin(i, tail.length) * length, rb: thin(i + 1, tail.length) * length, ua: 0, ub: 0 }));
  const head = spine[1]!;
  const nose = spine[0]!;
  const size = Math.hypot(nose.x - head.x, nose.y - head.y);
  const forward = { x: (nose.x - head.x) / size, y: (nose.y - head.y) / size };
  // y points down: the animal's left is forward turned counter-clockwise as one sees it.
  const place = (ahead: number, left: number, r: number): Disc => ({
    x: head.x + (forward.x * ahead + forward.y * left) * length,
    y: head.y + (forward.y * ahead - forward.x * left) * length,
    r: r * length,
  });
  return { trunk, tail: tailCones, ears: [place(-0.03, 0.082, 0.052), place(-0.03, -0.082, 0.052)], eyes: [place(0.055, 0.05, 0.012), place(0.055, -0.05, 0.012)], length };
}

/** Keypoints in the order of KEYPOINTS. */
export function keypointsOf(pose: Pose, body: Body): Point[] {
  return [pose.spine[0]!, body.ears[0], body.ears[1], pose.spine[3]!, pose.spine[5]!];
}

/** Tight box of trunk and ears, without the tail: x1, y1, x2, y2, cut at the frame's border. */
export function boxOf(body: Body, width: number, height: number): [number, number, number, number] {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  const discs: Disc[] = [...body.trunk.map((c) => ({ ...c.a, r: c.ra })), ...body.trunk.map((c) => ({ ...c.b, r: c.rb })), ...body.ears];
  for (const disc of discs) {
    x1 = Math.min(x1, disc.x - disc.r);
    y1 = Math.min(y1, disc.y - disc.r);
    x2 = Math.max(x2, disc.x + disc.r);
    y2 = Math.max(y2, disc.y + disc.r);
  }
  return [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)];
}

/** Does the body hide this point (in pixels, by at least one pixel)? */
export function covers(body: Body, point: Point): boolean {
  return [...body.trunk, ...body.ears.map((ear) => ({ a: ear, b: ear, ra: ear.r, rb: ear.r }))].some((cone) => depth(cone, point.x, point.y) > 1);
}

/** How deep a point lies inside a cone: pixels, negative outside. */
export function depth(cone: Pick<Cone, "a" | "b" | "ra" | "rb">, x: number, y: number): number {
  const dx = cone.b.x - cone.a.x;
  const dy = cone.b.y - cone.a.y;
  const squared = dx * dx + dy * dy;
  const t = squared === 0 ? 0 : Math.min(1, Math.max(0, ((x - cone.a.x) * dx + (y - cone.a.y) * dy) / squared));
  return cone.ra + (cone.rb - cone.ra) * t - Math.hypot(x - cone.a.x - dx * t, y - cone.a.y - dy * t);
}

function thin(i: number, count: number): number {
  return 0.026 - 0.017 * (i / (count - 1));
}

/** A smooth curve (Catmull-Rom) through the spine's joints, with the half width there. */
function along(spine: Point[], i: number, t: number): { point: Point; radius: number } {
  const at = (k: number) => spine[Math.min(spine.length - 1, Math.max(0, k))]!;
  const wide = (k: number) => RADII[Math.min(RADII.length - 1, Math.max(0, k))]!;
  const curve = (p: number, q: number, r: number, s: number) => q + 0.5 * t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
  return {
    point: { x: curve(at(i - 1).x, at(i).x, at(i + 1).x, at(i + 2).x), y: curve(at(i - 1).y, at(i).y, at(i + 1).y, at(i + 2).y) },
    radius: Math.max(0.02, curve(wide(i - 1), wide(i), wide(i + 1), wide(i + 2))),
  };
}
