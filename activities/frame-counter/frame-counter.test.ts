import { describe, expect, it } from "vitest";
import { followFrames } from "./follow.test-suite.ts";
import { COUNTED } from "./videos.test-tools.ts";

describe("a counter drawn into the picture is the same from label to table to annotated video", () => {
  it.each(Object.entries(COUNTED))("%s", async (name, video) => {
    expect(await followFrames(video, { frameSkip: name === "variable rate" ? 2 : 0 })).toBeGreaterThan(150);
  });
});
