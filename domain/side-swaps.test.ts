import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { simulate } from "../scripts/sample/behaviour.ts";
import { bodyOf, boxOf, keypointsOf } from "../scripts/sample/body.ts";
import { createRandom } from "../scripts/sample/random.ts";
import { diagonal, type Box } from "./boxes.ts";
import { deriveFlipIdx } from "./flip.ts";
import type { Truth } from "./result.ts";
import { createSwapFinder, pairsOf, type Pair } from "./side-swaps.ts";
import { createSmoother, type TrackedFrame } from "./smoothing.ts";

const NAMES = ["nose", "ear_left", "ear_right", "body", "tail_base"];
interface Animals {
  fps: number;
  frames: { box: Box; keypoints: [number, number][] }[][];
}

function mice(count: number): Animals {
  const poses = simulate({ seed: 7, width: 1280, height: 720, fps: 30, animals: 3, length: 141, wall: 28 });
  return { fps: 30, frames: Array.from({ length: count }, () => poses.next().value.map((pose) => ({ box: boxOf(bodyOf(pose), 1280, 720), keypoints: keypointsOf(pose, bodyOf(pose)).map(({ x, y }): [number, number] => [x, y]) }))) };
}

/** Frames as a model might give them: noise of `jitter` box diagonals, and now and then a stretch of up to `longest` frames with left for right. */
function seen({ fps, frames }: Animals, { pair, jitter, longest, every = 1 }: { pair: Pair; jitter: number; longest: number; every?: number }) {
  const random = createRandom(3);
  const left = new Map<number, number>();
  const swapped: boolean[][] = [];
  const tracked = frames.filter((_, n) => n % every === 0).map((animals, n): TrackedFrame => {
    swapped.push(animals.map((_, id) => {
      const now = left.get(id) ?? 0;
      left.set(id, now > 0 ? now - 1 : longest > 0 && random.next() < 0.02 ? 1 + Math.floor(random.next() * longest) : 0);
      return now > 0;
    }));
    const detections = animals.map(({ box, keypoints }, id) => {
      const points = keypoints.map(([x, y]): [number, number, number] => [x + random.normal() * jitter * diagonal(box), y + random.normal() * jitter * diagonal(box), 0.9]);
      if (swapped[n]![id] === true) [points[pair[0]], points[pair[1]]] = [points[pair[1]]!, points[pair[0]]!];
      return { box, score: 0.9, classId: 0, keypoints: points };
    });
    return { frame: n * every, time: (n * every) / fps, ids: animals.map((_, id) => id), detections };
  });
  return { tracked, swapped };
}

/** Precision over all that is said; recall over what is exchanged and at least `apart` box diagonals from each other: less hardly shows. */
function score({ tracked, swapped }: ReturnType<typeof seen>, pair: Pair, apart = 0) {
  const finder = createSwapFinder([pair]);
  const found = [...tracked.flatMap((frame) => finder.push(frame)), ...finder.finish()];
  expect(found.map(({ frame }) => frame)).toEqual(tracked.map(({ frame }) => frame));
  const verdicts = found.flatMap(({ swaps }, n) => swaps!.map((pairs, id) => {
    const { box, keypoints } = tracked[n]!.detections[id]!;
    const [[ax, ay], [bx, by]] = pair.map((k) => keypoints[k]!) as unknown as [number[], number[]];
    return { said: pairs.length > 0, true: swapped[n]![id]!, shows: Math.hypot(ax! - bx!, ay! - by!) >= apart * diagonal(box) };
  }));
  const right = verdicts.filter((one) => one.said && one.true).length;
  return { precision: right / verdicts.filter(({ said }) => said).length, recall: verdicts.filter((one) => one.true && one.said && one.shows).length / verdicts.filter((one) => one.true && one.shows).length, shown: verdicts.filter((one) => one.true && one.shows).length, said: verdicts.filter(({ said }) => said).length, found };
}

describe("left for right", () => {
  const [pair] = pairsOf(deriveFlipIdx(NAMES)) as [Pair];
  const animals = mice(1200);

  test.each([[0.01, 6, 1], [0.03, 6, 1], [0.02, 2, 3]])("is found in mice whose keypoints are %f off, for up to %i frames, one in %i", (jitter, longest, every) => {
    const { precision, recall } = score(seen(animals, { pair, jitter, longest, every }), pair);
    expect(precision).toBeGreaterThan(0.97);
    expect(recall).toBeGreaterThan(0.93);
  });

  test("is not found where nothing is exchanged, however the animals turn", () => {
    expect(score(seen(animals, { pair, jitter: 0.02, longest: 0 }), pair).said).toBe(0);
    expect(score(seen(animals, { pair, jitter: 0.02, longest: 0, every: 3 }), pair).said).toBe(0);
  });

  test("is put right in what is smoothed, and nowhere else", () => {
    const given = seen(animals, { pair, jitter: 0.005, longest: 4 });
    const { found } = score(given, pair);
    const smoother = createSmoother({ halfWindowS: 0.13 });
    const smoothed = [...found.flatMap((frame) => smoother.push(frame)), ...smoother.finish()];
    const off: { raw: number[]; smooth: number[] } = { raw: [], smooth: [] };
    for (const [n, frame] of smoothed.entries()) {
      expect(frame.detections).toBe(given.tracked[n]!.detections);
      for (const [id, { box, keypoints }] of animals.frames[n]!.entries()) {
        if (given.swapped[n]![id] !== true) continue;
        const [x, y] = keypoints[pair[0]]!;
        const far = ([px, py]: readonly number[]) => Math.hypot(px! - x, py! - y) / diagonal(box);
        off.raw.push(far(frame.detections[id]!.keypoints[pair[0]]!));
        off.smooth.push(far(frame.smoothed[id]![pair[0]]!));
      }
    }
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(off.raw.length).toBeGreaterThan(50);
    expect(mean(off.smooth)).toBeLessThan(0.1 * mean(off.raw));
  });
});

const flies = new URL("../../shared/real/flies/truth.json", import.meta.url);
test.skipIf(!existsSync(flies))("is found in the wings of real flies (needs ../shared/real/flies)", () => {
  const truth = JSON.parse(readFileSync(flies, "utf8")) as Truth;
  const [pair] = pairsOf(deriveFlipIdx(truth.keypoints)) as [Pair];
  const animals: Animals = { fps: truth.fps, frames: truth.labels.map((label) => label.animals.map(({ box, keypoints }) => ({ box, keypoints: keypoints.map(([x, y]): [number, number] => [x, y]) }))) };
  // Folded wings are a few pixels apart: as far as the noise goes.
  const { precision, recall, shown } = score(seen(animals, { pair, jitter: 0.01, longest: 6 }), pair, 0.1);
  expect(shown).toBeGreaterThan(30);
  expect(precision).toBeGreaterThan(0.9);
  expect(recall).toBeGreaterThan(0.7);
});

test("without pairs every frame comes back at once, and nothing is said", () => {
  const frame: TrackedFrame = { frame: 0, time: 0, ids: [0], detections: [{ box: [0, 0, 10, 10], score: 1, classId: 0, keypoints: [] }] };
  expect(createSwapFinder(pairsOf(deriveFlipIdx(["head", "tail"]))).push(frame)).toEqual([{ ...frame, swaps: [[]] }]);
});
