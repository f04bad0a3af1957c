import { expect, test } from "vitest";
import type { Detection } from "./detections.ts";
import { createSmoother, halfWindowOf, type SmoothedFrame, type TrackedFrame } from "./smoothing.ts";

const animal = (x: number, y: number, score = 0.9): Detection => ({ box: [x, y, x + 1, y + 1], score: 0.9, classId: 0, keypoints: [[x, y, score]] });
function run(frames: TrackedFrame[], halfWindowS = 0.13): SmoothedFrame[] {
  const smoother = createSmoother({ halfWindowS });
  return [...frames.flatMap((frame) => smoother.push(frame)), ...smoother.finish()];
}
const pointOf = (frame: SmoothedFrame | undefined, i = 0) => frame?.smoothed[i]?.[0] ?? [Number.NaN, Number.NaN];
/** The same noise at every run, -1..1. */
const noise = (n: number): number => (((Math.sin(n * 12.9898) * 43_758.5453) % 1) + 1) % 1 * 2 - 1;

test("every frame comes back, in order, whatever the times", () => {
  const frames = Array.from({ length: 50 }, (_, n) => ({ frame: 2 * n, time: n / 30 + (n % 7) / 100, ids: [0], detections: [animal(n, n)] }));
  expect(run(frames).map((f) => f.frame)).toEqual(frames.map((f) => f.frame));
  expect(run([])).toEqual([]);
  expect(pointOf(run(frames.slice(0, 1))[0])).toEqual([0, 0]);
});

test("an even movement, even a curved one, is left where it is, at uneven times too", () => {
  const frames = Array.from({ length: 60 }, (_, n) => {
    const time = n / 30 + (n % 3) / 200;
    return { frame: n, time, ids: [0], detections: [animal(100 + 50 * time - 30 * time * time, 10 * time)] };
  });
  for (const [n, frame] of run(frames).entries()) {
    const [x, y] = pointOf(frame);
    expect(x).toBeCloseTo(frames[n]?.detections[0]?.keypoints[0]?.[0] ?? 0, 6);
    expect(y).toBeCloseTo(frames[n]?.detections[0]?.keypoints[0]?.[1] ?? 0, 6);
  }
});

test("jitter becomes less", () => {
  const frames = Array.from({ length: 300 }, (_, n) => ({ frame: n, time: n / 30, ids: [0], detections: [animal(n + noise(n), 0)] }));
  const spread = (values: number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  expect(spread(run(frames).map((f) => pointOf(f)[0] - f.frame))).toBeLessThan(0.75 * spread(frames.map((f) => noise(f.frame))));
});

test("a place that the model doubts hardly counts", () => {
  const frames = Array.from({ length: 30 }, (_, n) => ({ frame: n, time: n / 30, ids: [0], detections: [n === 15 ? animal(500, 0, 0.05) : animal(n, 0)] }));
  for (const frame of run(frames)) expect(Math.abs(pointOf(frame)[0] - frame.frame)).toBeLessThan(5);
});

test("animals do not pull at each other, and nothing is drawn over a gap", () => {
  const frames = Array.from({ length: 40 }, (_, n) => ({
    frame: n,
    time: n / 30 + (n >= 20 ? 5 : 0),
    ids: n % 2 === 0 ? [0, 1] : [1],
    detections: n % 2 === 0 ? [animal(n >= 20 ? 900 : 0, 0), animal(500, 500)] : [animal(500, 500)],
  }));
  for (const frame of run(frames)) {
    const first = frame.ids.length === 2 ? pointOf(frame, 0)[0] : null;
    expect([null, 0, 900]).toContain(first === null ? null : Math.round(first * 1e6) / 1e6);
    expect(first === null || first > 1 === frame.frame >= 20).toBe(true);
    expect(pointOf(frame, frame.ids.indexOf(1))[0]).toBeCloseTo(500, 6);
  }
});

/** An animal that walks, sways once a second and steps three times a second. Pixels. */
const way = (time: number): [number, number] => [100 + 60 * time + 6 * Math.sin(2 * Math.PI * time) + 2 * Math.sin(6 * Math.PI * time), 80 + 20 * Math.sin(Math.PI * time)];
/** Root mean square distance from the way, pixels, without smoothing and with it, of places that are `jitter` pixels off. */
function errorsAt(fps: number, jitter: number): { raw: number; smoothed: number } {
  const frames = Array.from({ length: 40 * fps }, (_, n): TrackedFrame => {
    const [x, y] = way(n / fps);
    return { frame: n, time: n / fps, ids: [0], detections: [animal(x + jitter * noise(2 * n), y + jitter * noise(2 * n + 1))] };
  });
  const off = (pointFor: (frame: SmoothedFrame) => readonly number[]): number =>
    Math.sqrt(run(frames, halfWindowOf(1 / fps)).reduce((sum, frame) => sum + ((pointFor(frame)[0] ?? 0) - way(frame.time)[0]) ** 2 + ((pointFor(frame)[1] ?? 0) - way(frame.time)[1]) ** 2, 0) / frames.length);
  return { raw: off((frame) => frame.detections[0]!.keypoints[0]!), smoothed: off((frame) => pointOf(frame)) };
}

test("the window is a time, not a number of frames: more frames a second give smoother places, and a known way is not flattened at any rate", () => {
  const gain = (fps: number): number => {
    const { raw, smoothed } = errorsAt(fps, 2);
    return smoothed / raw;
  };
  const [ten, fifteen, thirty, hundred] = [gain(10), gain(15), gain(30), gain(100)];
  expect(ten).toBeLessThan(0.95);
  expect(fifteen).toBeLessThan(0.8);
  expect(thirty).toBeLessThan(0.7);
  expect(hundred).toBeLessThan(0.6 * thirty);
  // Without jitter all that smoothing does is wrong: little beside the steps of 2 pixels.
  expect([10, 15, 30, 100].map((fps) => errorsAt(fps, 0).smoothed).filter((error) => error > 0.75)).toEqual([]);
  // Between frames that are further apart an animal has done something else.
  expect(errorsAt(5, 2).smoothed).toBe(errorsAt(5, 2).raw);
});
