import { expect, test } from "vitest";
import { createRandom } from "../scripts/sample/random.ts";
import { assign } from "./assignment.ts";

/** Tries every way; unmatched rows and columns cost nothing, pairs cost (cost - limit). */
function best(cost: number[][], limit: number, row = 0, used = new Set<number>()): number {
  if (row === cost.length) return 0;
  let least = best(cost, limit, row + 1, used);
  for (const [c, value] of cost[row]!.entries()) {
    if (used.has(c) || value >= limit) continue;
    used.add(c);
    least = Math.min(least, value - limit + best(cost, limit, row + 1, used));
    used.delete(c);
  }
  return least;
}

test("as cheap as the best of all ways, with more rows, more columns, and a limit", () => {
  const random = createRandom(1);
  for (let trial = 0; trial < 300; trial += 1) {
    const rows = 1 + Math.floor(random.next() * 5);
    const columns = 1 + Math.floor(random.next() * 5);
    const limit = trial % 2 === 0 ? 1e6 : random.between(0.2, 1);
    const cost = Array.from({ length: rows }, () => Array.from({ length: columns }, () => (random.next() < 0.1 ? Infinity : random.next())));
    const found = assign(cost, limit);
    const columnsUsed = found.filter((c) => c >= 0);
    expect(new Set(columnsUsed).size).toBe(columnsUsed.length);
    const sum = found.reduce((total, c, r) => (c < 0 ? total : total + cost[r]![c]! - limit), 0);
    expect(sum).toBeCloseTo(best(cost, limit), 4);
  }
});

test("nothing to assign", () => {
  expect(assign([])).toEqual([]);
  expect(assign([[], []])).toEqual([-1, -1]);
  expect(assign([[Infinity]], 1)).toEqual([-1]);
});
