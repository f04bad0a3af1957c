import { describe, expect, it } from "vitest";
import { isModelName, pointerBack, pointerTo, pointerWithout, type ServingPointer } from "./models.ts";

const change = { changed_at: "2030-01-01T00:00:00.000Z", by: "ada", why: "deployed", change_id: "d1" };
const other = { ...change, why: "rolled back", change_id: "r1" };
const pointer = (version: number, before: number[], newest = version): ServingPointer => ({ version, before, newest, ...change });

describe("which version of a model answers", () => {
  it("is the newest where nobody has said", () => {
    expect(pointerWithout([1, 3, 2])).toMatchObject({ version: 3, before: [2, 1], newest: 3, changed_at: null });
    expect(pointerWithout([])).toBeNull();
  });

  it("is each newly deployed one; the same deployment again changes nothing, also after a rollback", () => {
    const first = pointerTo(null, 1, change);
    expect(first).toEqual(pointer(1, []));
    const third = pointerTo(pointerTo(first, 2, change), 3, change);
    expect(third).toEqual(pointer(3, [2, 1]));
    expect(pointerTo(third, 3, other)).toBe(third);
    expect(pointerTo(third, 2, other)).toBe(third);
    const back = pointerBack(third, [1, 2, 3], other)!;
    expect(pointerTo(back, 3, change)).toBe(back);
    expect(pointerTo(back, 4, change)).toEqual(pointer(4, [2, 1]));
  });

  it("goes back to the one before, further with each time, and nowhere from the first", () => {
    const once = pointerBack(pointer(3, [2, 1]), [1, 2, 3], other)!;
    expect(once).toEqual({ version: 2, before: [1], newest: 3, left: 3, ...other });
    const twice = pointerBack(once, [1, 2, 3], other)!;
    expect(twice).toMatchObject({ version: 1, before: [], newest: 3 });
    expect(pointerBack(twice, [1, 2, 3], other)).toBeNull();
  });

  it("leaves out versions that are gone, and goes to one that is named, forward too", () => {
    expect(pointerBack(pointer(3, [2, 1]), [1, 3], other)).toMatchObject({ version: 1, before: [] });
    expect(pointerBack(pointer(4, [3, 2, 1]), [1, 2, 3, 4], other, 2)).toMatchObject({ version: 2, before: [1] });
    expect(pointerBack(pointer(2, [1], 4), [1, 2, 3, 4], other, 4)).toMatchObject({ version: 4, before: [2, 1], newest: 4 });
    expect(pointerBack(pointer(2, [1]), [1, 2], other, 5)).toBeNull();
    const same = pointer(2, [1]);
    expect(pointerBack(same, [1, 2], other, 2)).toBe(same);
  });
});

it("takes names that are one folder, and no others", () => {
  expect(["global", "mwtha51uq6o8", "Mouse_1-b"].every(isModelName)).toBe(true);
  expect(["", "..", "a/b", "-a", ".hidden", "a b", "é", "a".repeat(65)].some(isModelName)).toBe(false);
});
