import { expect, it } from "vitest";
import { fileNameOf } from "./file-name.ts";

it.each([
  ["https://example.org/x/mice.mp4?token=1#t", "mice.mp4"],
  ["/videos/two words #2.MP4", "two words #2.MP4"],
  ["https://example.org/watch?v=a.mp4", null],
  ["https://example.org/.hidden.mp4", null],
  ["https://example.org/", null],
  ["/videos/..", null],
  ["https://example.org/a\\..\\b.mp4", null],
])("the file name of %s is %s", (place, name) => {
  expect(fileNameOf(place)).toBe(name);
});
