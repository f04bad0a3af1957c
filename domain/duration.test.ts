import { expect, it } from "vitest";
import { inWords } from "./duration.ts";

it("says a duration in its two largest units", () => {
  expect([0, 59.4, 59.6, 185, 7_800, 100_800].map(inWords)).toEqual(["0 s", "59 s", "1 min 0 s", "3 min 5 s", "2 h 10 min", "1 d 4 h"]);
});
