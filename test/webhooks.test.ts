import { expect, it } from "vitest";
import { runDeliveries } from "./deliveries.ts";

it("1,000 deliveries, repeated, shuffled, some forged, half of them without a worker and some after the end: one training", async () => {
  const report = await runDeliveries();
  expect(report).toMatchObject({ deliveries: 1000, genuine: { 200: 800 }, unknown: { 404: 100 }, forged: { 401: 100 } });
  expect([report.genuine, report.unknown, report.forged].map((statuses) => Object.keys(statuses))).toEqual([["200"], ["404"], ["401"]]);
  expect(report.status).toBe("completed");
  expect(report.scheduled).toMatchObject({ requestLabeling: 1, buildDataset: 1, trainModel: 1, deployModel: 1 });
  expect(report.scheduled["verifyApproval"]).toBeLessThanOrEqual(3);
  expect(report.unchangedByReplays).toBe(true);
  const { manifest, snapshot } = report;
  expect(manifest.snapshot.sha256).toBe(report.approvedSha256);
  expect(manifest.counts).toMatchObject({ reviewed: 10, boxes: snapshot.frames.filter(({ frame }) => !manifest.gap.includes(frame)).length, unreviewed_boxes: 0 });
  expect(Object.keys(manifest.counts.boxes_by_source)).toEqual(["person"]);
});
