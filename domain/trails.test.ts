import { expect, test } from "vitest";
import type { ResultRow } from "./result.ts";
import { createTrails } from "./trails.ts";

/** An animal whose centre is at x = its time in seconds / 10. */
const rowAt = (timestamp: number, ids = ["0"]): ResultRow =>
  ({ frame: 0, timestamp, ids, boxes: ids.map(() => [timestamp / 10 - 0.1, 0.2, timestamp / 10 + 0.1, 0.4]) }) as unknown as ResultRow;
const fed = (times: number[], frameS = 0.04) => {
  const trail = createTrails({ frameS });
  return times.map((time) => trail(rowAt(time)).get("0") ?? []);
};
const times = (n: number, step = 0.04) => Array.from({ length: n }, (_, i) => i * step);

test("a trail ends where the animal is, goes one second back and no further, and has few bends", () => {
  const trails = fed(times(100));
  trails.forEach((trail, i) => {
    expect(trail.at(-1)?.[0]).toBeCloseTo((i * 0.04) / 10);
    expect(trail.at(-1)?.[1]).toBeCloseTo(0.3);
    expect(trail.length).toBeLessThanOrEqual(18);
    expect(trail.map(([x]) => x)).toEqual(trail.map(([x]) => x).toSorted((a, b) => a - b));
  });
  const [first, last] = [trails[99]?.[0]?.[0] ?? 0, trails[99]?.at(-1)?.[0] ?? 0];
  expect((last - first) * 10).toBeGreaterThan(0.85);
  expect((last - first) * 10).toBeLessThanOrEqual(1.0001);
});

test("no line is drawn across a gap; one of single frames is bridged, and skipped frames are none", () => {
  expect(fed([0, 0.04, 0.08, 0.6])[3]).toHaveLength(1);
  expect(fed([0, 0.04, 0.12])[2]?.length).toBeGreaterThan(1);
  expect(fed([0, 0.4, 0.8], 0.4)[2]).toHaveLength(3);
});

test("animals have trails of their own, and one that is not there has none", () => {
  const trail = createTrails({ frameS: 0.04 });
  trail(rowAt(0, ["0", "1"]));
  const second = trail(rowAt(0.04, ["1"]));
  expect([...second.keys()]).toEqual(["1"]);
  expect(second.get("1")).toHaveLength(2);
});
