import { expect, it } from "vitest";
import { ID_PATTERN, makeId, mirrored, runWorkflowIdOf, taskIdOf, timeOfId, workflowIdOf } from "./ids.ts";

it("makes ids of 12 letters and digits that sort by time, now and in 2058", () => {
  const times = [1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000, Date.UTC(2058, 0, 1)];
  const ids = times.map((time) => makeId(time, () => 0.5));
  for (const id of ids) expect(id).toMatch(new RegExp(ID_PATTERN));
  expect(ids.toSorted()).toEqual(ids);
});

it("makes different ids in the same millisecond", () => {
  const random = (() => {
    let n = 0;
    return () => ((n += 1) * 0.618) % 1;
  })();
  expect(new Set(Array.from({ length: 100 }, () => makeId(1_700_000_000_000, random))).size).toBe(100);
});

it("finds the task in a workflow's id", () => {
  expect(taskIdOf(workflowIdOf("mwtha51uq6o8"))).toBe("mwtha51uq6o8");
  expect(taskIdOf(runWorkflowIdOf("training", "mwtha51uq6o8"))).toBe("mwtha51uq6o8");
});

it("mirrored, the newest id sorts first; an id tells when it was made", () => {
  const ids = [1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000].map((time) => makeId(time));
  expect(ids.map(mirrored).toSorted().map(mirrored)).toEqual(ids.toReversed());
  expect(ids.map(timeOfId)).toEqual([1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000]);
});
