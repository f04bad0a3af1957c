import { describe, expect, it } from "vitest";
import { followFrames } from "./follow.test-suite.ts";
import { COUNTED, COUNTED_TOO } from "./videos.test-tools.ts";

describe.each([0, 1, 6])("with frame_skip %i, a counter drawn into the picture is the same from label to table to annotated video", (frameSkip) => {
  it.each(Object.entries({ ...COUNTED, ...COUNTED_TOO }))("%s", async (_name, video) => {
    expect(await followFrames(video, { frameSkip })).toBeGreaterThan(100);
  });
});
