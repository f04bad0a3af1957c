import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLabeler } from "../adapters/labeling/label-studio/labeler.test-tools.ts";
import { readJson } from "../adapters/storage/storage.ts";
import type { FrameList, LabeledObject, Prelabels, Snapshot } from "../domain/labels.ts";
import { frameKeys, labelKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { until } from "../scripts/child.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";
import { createLab, OTHER_QUEUES, type Lab } from "./lab.ts";
import { startLabelStudio, type LabelStudioServer } from "./label-studio-server.ts";

/** The whole way with the real Label Studio: from suggested labels to the approved snapshot, with the webhook as the only messenger. */

const SECRET = "the-secret-of-this-test";
const KEYPOINTS = ["nose", "tail_base"];
let server: LabelStudioServer;
let lab: Lab;
beforeAll(async () => {
  server = await startLabelStudio();
  lab = await createLab({ env: { ACTVERSE_LABEL_STUDIO_URL: server.url, ACTVERSE_LABEL_STUDIO_TOKEN: server.token, ACTVERSE_WEBHOOK_SECRET: SECRET } });
}, 400_000);
afterAll(async () => {
  await lab?.close();
  await server?.stop();
});

it("labels a task in Label Studio, from suggestions to what trains", async () => {
  const size = { width: 320, height: 192 };
  const sample = await makeSample({ folder: join(lab.folder, "sample"), seconds: 4, ...size, animals: 2 });
  await lab.startWorker([...OTHER_QUEUES, "inference"]);
  const { task_id: taskId } = await lab.api.send<{ task_id: string }>("POST", "/tasks/", {
    file_path: sample.video, user_id: "ann", project: "open field", classes: ["mouse"], keypoints: KEYPOINTS, num_frames: 6, num_animals: 2, prelabel: "motion", labeling: { tool: "label-studio" },
  });
  const waiting = await lab.stepIs(taskId, "labeling", "waiting");
  const state = (): Promise<TaskState> => lab.api.get<TaskState>(`/status/${taskId}`);

  // The project is there, with its frames and our suggestions.
  const labelers = createLabeler(server);
  const title = `open field - ${taskId}`;
  const list = await readJson<FrameList>(lab.storage, frameKeys(taskId, 1).list);
  const prelabels = await readJson<Prelabels>(lab.storage, labelKeys(taskId, 1).prelabels);
  const there = await labelers.everything();
  expect(there.projects.map((project) => project.title)).toEqual([title]);
  expect(there.tasks.map(({ data }) => data["frame"])).toEqual(list.frames.map(({ frame }) => frame));
  const suggested = (frame: number): LabeledObject[] => prelabels.frames.find((found) => found.frame === frame)?.objects ?? [];
  expect(list.frames.some(({ frame }) => suggested(frame).length > 0)).toBe(true);
  for (const { data, predictions } of there.tasks) expect(predictions.flatMap(({ result }) => result.filter(({ type }) => type === "rectanglelabels"))).toHaveLength(suggested(Number(data["frame"])).length);
  expect(JSON.stringify(waiting)).toContain(`${server.url}/projects/${there.projects[0]!.id}/data`);

  // One frame is drawn and sent back; that is said here, and the task goes on waiting.
  const numbers = list.frames.map(({ frame }) => frame);
  const [first = 0, second = 0, ...rest] = numbers;
  const own: LabeledObject[] = [
    { id: "own", class: "mouse", box: [10.5, 20.25, 90, 100], keypoints: [[12, 30, 2], [80, 90, 1]], track: "7", source: "person", confirmed: true },
    { id: "other", class: "mouse", box: [60, 20, 160, 120], keypoints: [[70, 60, 2], [0, 0, 0]], source: "person", confirmed: true },
  ];
  const submit = (frame: number, review: "Approved" | "Rejected" | null, by: string, objects?: LabeledObject[]): Promise<void> => labelers.submit({ title, frame, by }, { size, keypoints: KEYPOINTS, review, ...(objects === undefined ? {} : { objects }) });
  await submit(first, null, "ann", own.slice(0, 1));
  await submit(first, "Rejected", "bob");
  await until("the rejection to be told", 30, async () => (await state()).timeline.some(({ event, data }) => event === "labeling.rejected" && JSON.stringify(data).includes(`"frame":${first}`)));

  // A forged delivery changes nothing.
  const forged = await fetch(`${lab.apiUrl}/webhooks/label-studio/${taskId}`, { method: "POST", headers: { "x-actverse-secret": "guessed", "content-type": "application/json" }, body: JSON.stringify({ action: "ANNOTATION_CREATED", annotation: { id: 1, result: [] } }) });
  expect(forged.status).toBe(401);

  // Corrected, a frame without an animal, and suggestions accepted as they are: the last Approved is heard.
  await submit(second, "Approved", "ann", []);
  for (const frame of rest) await submit(frame, "Approved", "ann");
  await submit(first, "Approved", "bob", own);
  await lab.stepIs(taskId, "labeling", "completed", 60);

  const snapshot = await readJson<Snapshot>(lab.storage, labelKeys(taskId, 1).snapshot);
  expect(snapshot).toMatchObject({ task_id: taskId, round: 1, source: "label-studio", approved_by: "bob@lab.example", classes: ["mouse"], keypoints: KEYPOINTS, left_out: [] });
  expect(snapshot.frames.map(({ frame, status }) => [frame, status])).toEqual(numbers.map((frame) => [frame, "reviewed"]));
  expect(snapshot.frames[0]!.objects).toEqual(own);
  expect(snapshot.frames[1]!.objects).toEqual([]);
  for (const { frame, objects } of snapshot.frames.slice(2)) {
    expect(objects.map(({ id, source, confirmed }) => ({ id, source, confirmed }))).toEqual(suggested(frame).map(({ id, source }) => ({ id, source, confirmed: true })));
  }

  // What is changed afterwards is told, and does not get in.
  await submit(first, null, "ann", []);
  await until("the change to be told", 30, async () => (await state()).timeline.some(({ event }) => event === "labeling.reopened"));
  expect(await readJson<Snapshot>(lab.storage, labelKeys(taskId, 1).snapshot)).toEqual(snapshot);
  // Nothing was read back in vain: neither for the frames before the last, nor while one was rejected.
  const events = (await state()).timeline.map(({ event }) => event);
  expect(events.filter((event) => event === "labeling.approved")).toHaveLength(1);
  expect(events).not.toContain("labeling.claim_refused");
}, 600_000);
