import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJson } from "../adapters/storage/storage.ts";
import type { CocoFile } from "../domain/coco.ts";
import { workflowIdOf } from "../domain/ids.ts";
import type { FrameLabels, LabeledObject, Snapshot } from "../domain/labels.ts";
import { labelKeys, resultKeys, trainKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { until } from "../scripts/child.ts";
import { ApiError } from "../cli/client.ts";
import { QUEUES } from "../domain/activities.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";
import { createLab, type Lab } from "./lab.ts";

/** What trains is what was approved, at the moment of approval, once; with real processes from the API to the trainer. */

let lab: Lab;
beforeAll(async () => {
  lab = await createLab();
});
afterAll(() => lab.close());

const object = (id: string, box: [number, number, number, number]): LabeledObject => ({ id, class: "mouse", box, keypoints: [], source: "person", confirmed: true });

it("trains once on exactly the frames that were reviewed when it was approved, whatever happens while no worker runs", async () => {
  const sample = await makeSample({ folder: join(lab.folder, "sample"), seconds: 4, width: 320, height: 192, animals: 2 });
  const worker = await lab.startWorker([...QUEUES]);
  const { task_id: taskId } = await lab.api.send<{ task_id: string }>("POST", "/tasks/", {
    file_path: sample.video, user_id: "ann", classes: ["mouse"], num_frames: 10, num_animals: 2,
    labeling: { allow_partial: true }, training: { epochs: 1, imgsz: 64 },
  });
  await lab.stepIs(taskId, "labeling", "waiting");
  const path = `/labeling/${taskId}`;
  const { frames } = await lab.api.get<{ frames: { frame: number }[] }>(`${path}/frames`);
  expect(frames).toHaveLength(10);

  // Nothing is labeled: approval is refused with what to do, and the task goes on waiting.
  await expect(lab.api.send("POST", `${path}/approve`, {})).rejects.toMatchObject({ status: 422 });

  const save = async (frame: number, box: [number, number, number, number]): Promise<FrameLabels> => {
    const { version } = await lab.api.get<FrameLabels>(`${path}/frames/${frame}`);
    return lab.api.send<FrameLabels>("PUT", `${path}/frames/${frame}`, { version, reviewed: true, objects: [object("a", box)] });
  };
  const reviewed = [frames[1]!.frame, frames[4]!.frame, frames[8]!.frame];
  for (const frame of reviewed) await save(frame, [10, 20, 60, 80]);

  const refusals: unknown[] = [];
  await worker.stop();
  const { sha256 } = await lab.api.send<{ sha256: string }>("POST", `${path}/approve`, { allow_partial: true });
  // Edits after the approval: one of the three, and a fourth. A later approval of these does not count: the first did.
  await save(reviewed[0]!, [100, 100, 140, 150]);
  await save(frames[6]!.frame, [100, 100, 140, 150]);
  for (let i = 0; i < 9; i += 1) await lab.api.send("POST", `${path}/approve`, { allow_partial: true }).catch((error: unknown) => refusals.push(error));
  expect(refusals.every((error) => error instanceof ApiError && error.status === 409)).toBe(true);

  await lab.startWorker([...QUEUES]);
  // One epoch teaches nothing: the task asks whether there are no animals, and is told that it is right so.
  const parked = await lab.stepIs(taskId, "inference", "parked", 300);
  expect(parked.steps.find(({ name }) => name === "inference")?.reason).toBe(`The model ${taskId}@1 found no animal in 120 frames.`);
  await lab.api.send("POST", `/tasks/${taskId}/retry`, { step: "inference" });
  await until("the retry to be taken up", 60, async () => (await lab.api.get<TaskState>(`/status/${taskId}`)).status !== "parked");
  const done = await lab.stepIs(taskId, "upload", "skipped", 300);
  expect(done.steps.find(({ name }) => name === "inference")?.result).toMatchObject({ ids: 0, notes: [expect.stringContaining("found no animal")] });

  const snapshot = await readJson<Snapshot>(lab.storage, labelKeys(taskId, 1).snapshot);
  expect(snapshot.sha256).toBe(sha256);
  const keys = trainKeys(taskId, 1);
  const manifest = await readJson<{ images: { frame: number; split: "train" | "val"; labels_sha256?: string }[] }>(lab.storage, keys.manifest);
  expect([...new Set(manifest.images.map((image) => image.frame))].toSorted((a, b) => a - b)).toEqual(reviewed);
  for (const { frame, split } of manifest.images) {
    const label = (await lab.storage.read(keys.label(split, frame))).toString().trim();
    const expected = [0, (10 + 60) / 2 / 320, (20 + 80) / 2 / 192, 50 / 320, 60 / 192];
    label.split(" ").forEach((value, i) => expect(Number(value)).toBeCloseTo(expected[i]!, 5));
  }

  // Every output was made, by default and by real workers; the labels among them are those that were approved.
  const { files } = await lab.api.get<{ files: { name: string }[] }>(`/tasks/${taskId}/results`);
  expect(files.map(({ name }) => name)).toEqual(["result.json", "quality.json", "frames.csv", "tracks.csv", "tracks.parquet", "dlc.csv", "via-tracks.csv", "annotated.mp4", "report.html", "notebook.ipynb", "labels-coco.json", "labels-yolo.zip"]);
  const coco = await readJson<CocoFile>(lab.storage, resultKeys(taskId, 1).labelsCoco);
  expect(coco.annotations.map(({ image_id: frame, bbox }) => [frame, bbox])).toEqual(reviewed.map((frame) => [frame, [10, 20, 50, 60]]));

  const { events } = await lab.temporal.client.workflow.getHandle(workflowIdOf(taskId)).fetchHistory();
  const scheduled = events!.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  expect(scheduled.filter((name) => name === "trainModel")).toHaveLength(1);
  expect(scheduled.filter((name) => name === "verifyApproval")).toHaveLength(1);

  // The task has ended: an approval is a conflict that says so, and an unknown task is not there.
  await expect(lab.api.send("POST", `${path}/approve`, {})).rejects.toMatchObject({ status: 409 });
  await expect(lab.api.send("POST", "/labeling/000000000000/approve", {})).rejects.toMatchObject({ status: 404 });
}, 600_000);
