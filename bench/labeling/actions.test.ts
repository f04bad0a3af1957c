import { expect, it } from "vitest";
import { click, countsOf, drag, key, secondsOf } from "./actions.ts";

it("counts travels, presses and keys; a held key once for what follows with it", () => {
  expect(countsOf([drag("box", [0, 0], [9, 9]), click("keypoints", [3, 3], true), click("keypoints", [4, 4], true)])).toEqual({ key: 1, point: 4, press: 3, look: 0 });
  expect(countsOf([key("box", "Shift+ArrowUp"), key("box", "Shift+ArrowUp"), key("box", "Control+z"), key("box", "+")])).toEqual({ key: 6, point: 0, press: 0, look: 0 });
  expect(secondsOf([{ why: "look", do: "look" }, drag("box", [0, 0], [9, 9]), key("confirm", "Enter")])).toBeCloseTo(1.2 + 1.1 + 0.2 + 1.1 + 0.28);
});
