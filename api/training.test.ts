import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createImportSteps } from "../activities/dataset.ts";
import { longStep } from "../activities/step-context.ts";
import { asFailures } from "../activities/failures.ts";
import { makeId } from "../domain/ids.ts";
import { trainKeys } from "../domain/layout.ts";
import type { ImportInput, TrainInput } from "../domain/steps.ts";
import { until } from "../scripts/child.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";

/** `POST /training` and what is read of it, on a real Temporal server; the trainer itself is tested with the steps. */

let lab: Lab;
let app: App;
let taskId: string;
let mice: string;
const imported: ImportInput[] = [];
const trained: TrainInput[] = [];
let held: (() => void)[] = [];
let closing = false;
const end = (): void => held.splice(0).forEach((one) => one());

const ROWS = "epoch,time,train/box_loss,metrics/mAP50(B),lr/pg0\n1,2.5,3,0,0.001\n2,5,2,0.5,0.0005\n";

beforeAll(async () => {
  lab = await startLab({
    activities: (storage) => {
      const steps = () => asFailures(createImportSteps({ storage, files: { allowedRoots: [dirname(lab.video)], allowedHosts: [], maxBytes: 0 } }));
      return {
        importDataset: (input: ImportInput) => {
          imported.push(input);
          return steps().importDataset(input);
        },
        trainModel: (input: TrainInput) =>
          longStep(async ({ report, signal }) => {
            trained.push(input);
            const keys = trainKeys(input.taskId, 1);
            await storage.put(`${keys.checkpoint(1)}results.csv`, ROWS);
            await storage.put(keys.run, JSON.stringify({ checkpoints: [{ epoch: 1, files: [{ key: `${keys.checkpoint(1)}results.csv` }] }] }));
            report({ done: 2.5, total: 4, unit: "epochs", message: "epoch 3 of 4, batch 1 of 2", figures: { box_loss: 1.5, images_per_s: 40, seconds_left: 12 } });
            await new Promise<void>((resolve) => {
              held.push(resolve);
              signal.addEventListener("abort", () => resolve());
              if (closing) resolve();
            });
            await storage.put(keys.resultsCsv, `${ROWS}3,7,1,0.75,0.0002\n`);
            await storage.put(keys.reportHtml, "<!doctype html><title>report</title>");
            return { modelKey: keys.model, resultsKey: keys.resultsCsv, epochs: 3, bestEpoch: 2, base: "scratch", task: "detect", imgsz: 320, metrics: { box_map50: 0.75 }, notes: ["a note"] };
          }),
      };
    },
  });
  app = await lab.app();
  await lab.startWorkers();
  mice = join(dirname(lab.video), "mice");
  for (const [file, content] of [["data.yaml", "train: images/train\nval: images/val\nnames: [mouse]\n"], ["images/train/a.jpg", "a"], ["images/val/b.jpg", "b"], ["labels/train/a.txt", "0 0.5 0.5 0.1 0.1\n"], ["labels/val/b.txt", "0 0.5 0.5 0.1 0.1\n"]] as const) {
    await mkdir(dirname(join(mice, file)), { recursive: true });
    await writeFile(join(mice, file), content);
  }
  taskId = (await send(app, "POST", "/tasks/", { body: lab.body })).body["task_id"] as string;
}, 120_000);
afterAll(async () => {
  closing = true;
  end();
  await lab.stop();
});

const train = (body: object, headers: Record<string, string> = {}) => send(app, "POST", "/training", { body, headers });
const progress = (id: string, headers: Record<string, string> = {}) => send(app, "GET", `/training/${id}`, { headers });

describe("POST /training", () => {
  it("trains on a folder, says how it goes, and leaves a model and a report", async () => {
    const { status, body } = await train({ data_path: mice, mode_train_info: { epochs: 4, augment: { flip: false } }, task_id: taskId });
    expect(status).toBe(202);
    const runId = body["run_id"] as string;
    expect(body).toEqual({ task_id: taskId, run_id: runId, status_url: `/status/${runId}` });
    const running = await until("the second epoch", 60, async () => {
      const { body: now } = await progress(runId);
      return now["seconds_left"] === 12 && now["curve"].length === 2 ? now : null;
    });
    expect(running).toMatchObject({ task_id: taskId, run_id: runId, status: "running", current_epoch: 2, total: 4, metrics: { box_map50: 0.5 }, figures: { box_loss: 1.5, images_per_s: 40 }, curve: [{ epoch: 0, box_loss: 3 }, { epoch: 1, box_map50: 0.5 }], report_url: null });
    // The task's own training has not begun: the newest one that was asked for it answers.
    expect(await until("the run to be listed", 30, async () => ((await progress(taskId)).body["run_id"] as string | null))).toBe(runId);
    end();
    await untilStatus(app, runId, "completed");
    expect((await progress(runId)).body).toMatchObject({ status: "completed", current_epoch: 3, total: 3, metrics: { box_map50: 0.75 }, notes: ["a note"], model_path: trainKeys(runId, 1).model, report_url: `/training/${runId}/report` });
    expect(trained.at(-1)).toMatchObject({ taskId: runId, settings: { training: { epochs: 4, augment: { flip: false }, seed: 0 }, classes: ["mouse"] }, dataset: { dataKey: trainKeys(runId, 1).dataYaml, train: 1, val: 1 } });
    expect(await lab.storage.size(trainKeys(runId, 1).manifest)).toBeGreaterThan(0);
    const report = await send(app, "GET", `/training/${runId}/report`);
    expect(report).toMatchObject({ status: 200, text: "<!doctype html><title>report</title>" });
    expect(report.headers["content-type"]).toContain("text/html");
    expect(report.headers["content-disposition"]).toContain("inline");
    expect(report.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(report.headers["content-security-policy"]).toContain("sandbox");
    // Its dataset can be trained on again.
    const again = await train({ data_path: trainKeys(runId, 1).dataYaml });
    await until("it to train", 60, async () => trained.some((input) => input.taskId === again.body["run_id"]));
    expect(imported.at(-1)!.data).toEqual({ from: "storage", key: trainKeys(runId, 1).dataYaml });
    end();
    await untilStatus(app, again.body["run_id"] as string, "completed");
  }, 180_000);

  it("trains on the approved labels of tasks, and not before", async () => {
    await untilStatus(app, taskId, "waiting");
    expect(await train({ data_path: taskId })).toMatchObject({ status: 409, body: { field: "data_path", detail: expect.stringContaining("not approved") as string } });
    for (const frame of [0, 10, 20]) {
      const object = { id: "a", class: "animal", box: [1, 2, 30, 40], keypoints: [], source: "person", confirmed: true };
      expect((await send(app, "PUT", `/labeling/${taskId}/frames/${frame}`, { body: { version: 0, reviewed: true, objects: [object] } })).status).toBe(200);
    }
    held = [];
    expect((await send(app, "POST", `/labeling/${taskId}/approve`, { body: {} })).status).toBe(202);
    await until("labels to be approved", 60, async () => ((await send(app, "GET", `/status/${taskId}`)).body["steps"] as { name: string; status: string }[]).some((step) => step.name === "labeling" && step.status === "completed"));
    const { body } = await train({ data_path: [taskId] });
    const runId = body["run_id"] as string;
    await until("it to be imported", 60, async () => imported.some((input) => input.taskId === runId));
    expect(imported.at(-1)!.data).toEqual({ from: "tasks", snapshots: [{ task_id: taskId, key: expect.stringContaining(`labels/${taskId}/snapshot-`) as string, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string }] });
    await until("both to train", 60, async () => held.length > 0 && trained.some((input) => input.taskId === taskId));
    await send(app, "POST", `/tasks/${runId}/cancel`);
  }, 180_000);

  it.each<[number, string, object]>([
    [422, "mode_train_info.epochs", { mode_train_info: { epochs: 0 } }],
    [422, "mode_train_info.epoch", { mode_train_info: { epoch: 3 } }],
    [422, "mode_train_info.device", { mode_train_info: { device: "gpu" } }],
    [422, "mode_train_info.augment.flips", { mode_train_info: { augment: { flips: true } } }],
    [422, "mode_train_info", { mode_train_info: "fast" }],
    [422, "mode_train_info.batch", { mode_train_info: { device: "0,1", batch: 3 } }],
    [422, "mode_train_info.task", { mode_train_info: { task: "pose" } }],
    [400, "epochs", { epochs: 3 }],
    [400, "data_path", { data_path: "mice" }],
    [400, "data_path", { data_path: 7 }],
    [400, "data_path", { data_path: [] }],
    [400, "data_path", { data_path: ["/a", "/b"] }],
    [400, "data_path", { data_path: "/etc" }],
    [404, "data_path", { data_path: "mice/none" }],
    [404, "task_id", { data_path: makeId() }],
    [404, "task_id", { data_path: `train_log/${makeId()}/data.yaml` }],
    [404, "task_id", { task_id: makeId() }],
  ])("%i %s for %j", async (status, field, change) => {
    const count = imported.length;
    const given = (change as { data_path?: unknown }).data_path;
    const answer = await train({ data_path: mice, ...change, ...(given === "mice/none" ? { data_path: join(mice, "none") } : {}) });
    expect(answer).toMatchObject({ status, body: { field } });
    expect(answer.body["what_to_do"]).not.toBe("");
    expect(imported.length).toBe(count);
  });

  it("is for one's own tasks", async () => {
    const keys = createKeyStore({ storage: lab.storage });
    const bob = { authorization: `Bearer ${(await keys.add({ userId: "bob", admin: false })).token}` };
    const guarded = await lab.app();
    for (const body of [{ data_path: taskId }, { data_path: mice, task_id: taskId }, { data_path: trainKeys(taskId, 1).dataYaml }]) expect(await send(guarded, "POST", "/training", { body, headers: bob })).toMatchObject({ status: 404, body: { field: "task_id" } });
    for (const url of [`/training/${taskId}`, `/training/${taskId}/report`]) expect((await send(guarded, "GET", url, { headers: bob })).status).toBe(404);
  });
});
