import { expect, it } from "vitest";
import { createPresence } from "./presence.ts";

it("tells each page of the others, and forgets those that left or fell silent", () => {
  let time = 0;
  const presence = createPresence({ now: () => time });
  const ann = { user_id: "ann", client: "a", frame: 10 };
  const bob = { user_id: "bob", client: "b", frame: null };
  expect(presence.here("t", ann)).toEqual([]);
  expect(presence.here("t", bob)).toEqual([ann]);
  expect(presence.here("other", bob)).toEqual([]);
  expect(presence.here("t", { ...ann, frame: 25 })).toEqual([bob]);
  expect(presence.here("t", bob)).toEqual([{ ...ann, frame: 25 }]);
  time = 13_000;
  expect(presence.here("t", bob)).toEqual([]);
  expect(presence.here("t", ann)).toEqual([bob]);
  expect(presence.here("t", bob, true)).toEqual([ann]);
  expect(presence.here("t", ann)).toEqual([]);
});
