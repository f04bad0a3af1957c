import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Truth } from "../../domain/result.ts";
import { simulate } from "./behaviour.ts";
import { bodyOf, boxOf, covers, depth, keypointsOf } from "./body.ts";
import { makeSample } from "./make-sample.ts";
import { createScene } from "./scene.ts";

const SMALL = { width: 320, height: 180, fps: 30, animals: 3 };

function hashOf(seed: number): string {
  const hash = createHash("sha256");
  for (const { picture, animals } of createScene({ ...SMALL, seed, frames: 20 })) hash.update(picture.data).update(JSON.stringify(animals));
  return hash.digest("hex");
}

test("the same seed gives the same raw frames and labels, another seed others", () => {
  expect(hashOf(7)).toBe(hashOf(7));
  expect(hashOf(8)).not.toBe(hashOf(7));
});

test("a box is exactly as large as the body that is drawn", () => {
  const poses = simulate({ ...SMALL, seed: 3, length: 60, wall: 7 });
  for (let i = 0; i < 40; i += 1) poses.next();
  for (const pose of poses.next().value) {
    const body = bodyOf(pose);
    const parts = [...body.trunk, ...body.ears.map((ear) => ({ a: ear, b: ear, ra: ear.r, rb: ear.r }))];
    const inside: [number, number][] = [];
    for (let y = 0; y < 180; y += 0.5) for (let x = 0; x < 320; x += 0.5) if (parts.some((cone) => depth(cone, x, y) > 0)) inside.push([x, y]);
    const [x1, y1, x2, y2] = boxOf(body, 320, 180);
    const [xs, ys] = [inside.map((p) => p[0]), inside.map((p) => p[1])];
    for (const [edge, drawn] of [[x1, Math.min(...xs)], [y1, Math.min(...ys)], [x2, Math.max(...xs)], [y2, Math.max(...ys)]] as const) expect(Math.abs(edge - drawn)).toBeLessThan(1);
    for (const point of keypointsOf(pose, body)) expect(point.x >= x1 && point.x <= x2 && point.y >= y1 && point.y <= y2).toBe(true);
  }
});

test("left and right ears are the animal's own left and right", () => {
  const pose = simulate({ ...SMALL, seed: 1, length: 60, wall: 7 }).next().value[0]!;
  const [nose, left, right, , tail] = keypointsOf(pose, bodyOf(pose));
  const cross = (p: { x: number; y: number }) => (nose!.x - tail!.x) * (p.y - tail!.y) - (nose!.y - tail!.y) * (p.x - tail!.x);
  // y points down: what lies to the left of the way from tail to nose has a negative cross product.
  expect(cross(left!)).toBeLessThan(0);
  expect(cross(right!)).toBeGreaterThan(0);
});

test("in the default 40 s the animals meet and hide parts of each other, move smoothly and stay in the arena", () => {
  const [width, height] = [1280, 720];
  const poses = simulate({ seed: 7, width, height, fps: 30, animals: 3, length: 141, wall: 28 });
  let meetings = 0;
  let touching = new Set<string>();
  let hidden = 0;
  let before: { x: number; y: number }[] = [];
  for (let frame = 0; frame < 1200; frame += 1) {
    const pose = poses.next().value;
    const bodies = pose.map(bodyOf);
    const now = new Set<string>();
    for (const [a, one] of bodies.entries()) {
      for (const [b, other] of bodies.entries()) {
        if (a >= b) continue;
        const points = keypointsOf(pose[b]!, other).filter((point) => covers(one, point)).length;
        hidden += points;
        if (points > 0) now.add(`${a}-${b}`);
      }
    }
    meetings += [...now].filter((pair) => !touching.has(pair)).length;
    touching = now;
    const middles = pose.map((p) => p.spine[3]!);
    for (const [i, p] of middles.entries()) {
      expect(p.x > 0 && p.y > 0 && p.x < width && p.y < height).toBe(true);
      const last = before[i] ?? p;
      expect(Math.hypot(p.x - last.x, p.y - last.y)).toBeLessThan(25);
    }
    before = middles;
  }
  expect(meetings).toBeGreaterThanOrEqual(5);
  expect(hidden).toBeGreaterThan(100);
});

test("writes a video and its truth", async () => {
  const folder = await mkdtemp(join(tmpdir(), "actverse-sample-"));
  try {
    const made = await makeSample({ folder, seconds: 1, width: 320, height: 180, animals: 2 });
    const truth = JSON.parse(await readFile(made.truth, "utf8")) as Truth;
    expect((await stat(made.video)).size).toBeGreaterThan(1000);
    expect(truth).toMatchObject({ video: "sample.mp4", width: 320, height: 180, fps: 30, frames: 30, tracks: ["mouse_1", "mouse_2"] });
    expect(truth.labels.map((label) => label.frame)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    for (const { animals } of truth.labels) expect(animals.map((animal) => animal.keypoints.length)).toEqual([5, 5]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
