import type { DeliveriesReport } from "./deliveries.ts";

/** What counts of 1,000 deliveries of a task with ten frames, whichever tool they came from. */
export function factsOf({ genuine, unknown, forged, status, scheduled, unchangedByReplays, manifest, snapshot, approvedSha256 }: DeliveriesReport) {
  const { requestLabeling, verifyApproval = 0, buildDataset, trainModel, modelChange } = scheduled;
  return {
    answers: { genuine, unknown, forged },
    status,
    scheduled: { requestLabeling, buildDataset, trainModel, modelChange },
    fewReadBacks: verifyApproval <= 3,
    unchangedByReplays,
    trainedWhatWasApproved: manifest.snapshot.sha256 === approvedSha256,
    reviewed: manifest.counts.reviewed,
    everyBoxOnce: manifest.counts.boxes === snapshot.frames.filter(({ frame }) => !manifest.gap.includes(frame)).length,
    unreviewed: manifest.counts.unreviewed_boxes,
    sources: Object.keys(manifest.counts.boxes_by_source),
  };
}

export const AS_WANTED: ReturnType<typeof factsOf> = {
  answers: { genuine: { 200: 800 }, unknown: { 404: 100 }, forged: { 401: 100 } },
  status: "completed",
  scheduled: { requestLabeling: 1, buildDataset: 1, trainModel: 1, modelChange: 1 },
  fewReadBacks: true,
  unchangedByReplays: true,
  trainedWhatWasApproved: true,
  reviewed: 10,
  everyBoxOnce: true,
  unreviewed: 0,
  sources: ["person"],
};
