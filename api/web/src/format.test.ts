import { expect, test } from "vitest";
import { bytes, duration, eventText, figure, figureName } from "./format.ts";

test("durations", () => {
  expect([0, 59.6, 125, 3600, 200_000].map(duration)).toEqual(["0 s", "1 min 00 s", "2 min 05 s", "1 h 00 min", "2 d 7 h"]);
});

test("sizes", () => {
  expect([12, 1234, 307_000, 5_600_000_000].map(bytes)).toEqual(["12 B", "1.2 KB", "307 KB", "5.6 GB"]);
});

test("figures and their names", () => {
  expect([0.913_46, 1500, 12.345_67, 1234.5].map(figure)).toEqual(["0.9135", "1500", "12.35", "1235"]);
  expect(["metrics/mAP50-95(B)", "numFrames", "durationS", "train/box_loss", "box_map50", "pose_map50_95"].map(figureName)).toEqual(["mAP50-95(B)", "num frames", "duration s", "train box loss", "box mAP50", "pose mAP50-95"]);
});

test("an event in one line", () => {
  const text = eventText({ event: "step.parked", at: "2026-01-01T00:00:00Z", data: { task_id: "t", step: "training", reason: "No memory.", what_to_do: "Smaller batches." } });
  expect(text).toBe("step: training · No memory. · Smaller batches.");
});
