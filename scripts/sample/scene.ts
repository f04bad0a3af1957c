import type { Picture } from "./background.ts";
import { simulate, type BehaviourOptions } from "./behaviour.ts";
import { bodyOf, boxOf, covers, keypointsOf, type Body } from "./body.ts";
import { createRandom } from "./random.ts";
import { createRenderer, type Coat } from "./render.ts";

export interface SceneOptions {
  seed: number;
  width: number;
  height: number;
  fps: number;
  frames: number;
  animals: number;
  meetings?: NonNullable<BehaviourOptions["meetings"]>;
}

export interface SceneAnimal {
  track: string;
  box: [number, number, number, number];
  /** x, y, visible: 0 where another animal or the frame's border hides it. */
  keypoints: [number, number, number][];
}

/** Frames with their exact labels, one after the other. */
export function* createScene(options: SceneOptions): Generator<{ picture: Picture; animals: SceneAnimal[] }> {
  const { width, height } = options;
  const wall = Math.round(width * 0.022);
  const random = createRandom(options.seed ^ 0xc0a7);
  const coats = Array.from({ length: options.animals }, (_, i) => coatOf(i, random.between(-4, 4)));
  const poses = simulate({ ...options, wall, length: width * 0.11 });
  const renderer = createRenderer({ ...options, wall, coats });
  // Who lies above whom changes only while nobody touches anybody.
  let order = coats.map((_, i) => i);
  for (let frame = 0; frame < options.frames; frame += 1) {
    const pose = poses.next().value;
    const bodies = pose.map(bodyOf);
    const boxes = bodies.map((body) => boxOf(body, width, height));
    if (!boxes.some((a, i) => boxes.some((b, k) => k > i && overlap(a, b)))) order = shuffle(order, random.next());
    const animals = bodies.map((body, i) => ({
      track: `mouse_${i + 1}`,
      box: boxes[i]!.map(tenth) as SceneAnimal["box"],
      keypoints: keypointsOf(pose[i]!, body).map(({ x, y }): [number, number, number] => [tenth(x), tenth(y), seen(bodies, order, i, x, y, options) ? 1 : 0]),
    }));
    yield { picture: renderer.draw(bodies, order), animals };
  }
}

/** From dark brown to grey, far enough apart to be told by eye, near enough to be confused by a detector. */
function coatOf(index: number, jitter: number): Coat {
  return { y: 50 + (index % 4) * 17 + jitter, u: 125 - (index % 3), v: 131 + (index % 2) * 2 };
}

function seen(bodies: Body[], order: number[], index: number, x: number, y: number, size: { width: number; height: number }): boolean {
  if (x < 0 || y < 0 || x >= size.width || y >= size.height) return false;
  return !order.slice(order.indexOf(index) + 1).some((above) => covers(bodies[above]!, { x, y }));
}

function shuffle(order: number[], at: number): number[] {
  const k = Math.floor(at * order.length);
  return [...order.slice(k), ...order.slice(0, k)];
}

function overlap(a: number[], b: number[]): boolean {
  return a[0]! < b[2]! && b[0]! < a[2]! && a[1]! < b[3]! && b[1]! < a[3]!;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
