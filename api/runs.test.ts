import { ApplicationFailure } from "@temporalio/common";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeId, runWorkflowIdOf } from "../domain/ids.ts";
import { taskKeys, trainKeys } from "../domain/layout.ts";
import type { DeployInput } from "../domain/steps.ts";
import { until } from "../scripts/child.ts";
import { workflowBundle } from "../workers/workflow-bundle.ts";
import type { App } from "./context.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";
import { secondsToWait } from "./runs.ts";
import { createWatcher } from "./watcher.ts";

/** Single steps on their own, over the API, on a real Temporal server. */

let lab: Lab;
let app: App;
let taskId: string;
let deployments: { name: string; end: () => void }[] = [];
let fails: string | null = null;
let over = false;

beforeAll(async () => {
  lab = await startLab({
    activities: () => ({
      async deployModel({ name }: DeployInput) {
        if (fails !== null) throw ApplicationFailure.create({ nonRetryable: true, type: "InputError", message: fails, details: [{ field: "model", what_to_do: "train it again" }] });
        await new Promise<void>((end) => (over ? end() : deployments.push({ name, end })));
        return { model: { name, version: deployments.length }, endpoint: `onnx://${name}/1` };
      },
    }),
  });
  app = await lab.app();
  await lab.startWorkers();
  taskId = (await send(app, "POST", "/tasks/", { body: lab.body })).body["task_id"] as string;
  await lab.storage.put(trainKeys(taskId, 1).onnx, "a model");
}, 120_000);
afterAll(async () => {
  // A worker waits for its activities before it ends.
  over = true;
  for (const { end } of deployments) end();
  await lab.stop();
});

const deploy = (headers: Record<string, string> = {}) => send(app, "POST", "/deployments", { body: { task_id: taskId, model_path: trainKeys(taskId, 1).onnx }, headers });
const begun = (count: number) => until(`${count} deployments`, 30, async () => (deployments.length >= count ? deployments : null));

describe("a single step on its own", () => {
  it("answers at once with where to look, and goes through the states of a task", async () => {
    deployments = [];
    const { status, body, headers } = await deploy();
    const runId = body["run_id"] as string;
    expect(status).toBe(202);
    expect(body).toEqual({ task_id: taskId, run_id: expect.stringMatching(/^[0-9a-z]{12}$/) as string, status_url: `/status/${runId}` });
    expect(headers["location"]).toBe(`/status/${runId}`);
    await begun(1);
    const running = await untilStatus(app, runId, "running");
    expect(running["steps"]).toMatchObject([{ name: "deployment", status: "running" }]);
    expect(running["run"]).toMatchObject({ kind: "deployment", task_id: taskId });
    deployments[0]!.end();
    const done = await untilStatus(app, runId, "completed");
    expect(done["steps"]).toMatchObject([{ status: "completed", result: { model: { name: taskId } } }]);
    expect((done["timeline"] as { event: string }[]).map(({ event }) => event)).toEqual(["model.deployment.requested", "model.deployed"]);
    expect(await lab.storage.size(taskKeys(runId).record)).toBeGreaterThan(0);
    // It is no task: not in the list, and without labels.
    expect(JSON.stringify((await send(app, "GET", "/tasks/")).body)).not.toContain(runId);
    expect(await send(app, "GET", `/labeling/${runId}`)).toMatchObject({ status: 404, body: { detail: expect.stringContaining("single step") as string } });
    expect(await until("the run to be listed", 30, async () => (await lab.temporal.newestRun({ taskId, kind: "deployment" })) ?? null)).toBe(runId);
  });

  it("is waited for where the request says so, and is one run with the same Idempotency-Key", async () => {
    deployments = [];
    const first = deploy({ prefer: "respond-async, wait=30", "idempotency-key": "once" });
    (await begun(1))[0]!.end();
    const answer = await first;
    expect(answer).toMatchObject({ status: 200, body: { task_id: taskId, result: { model: { name: taskId } } } });
    expect((await deploy({ prefer: "wait=30", "idempotency-key": "once" })).body["run_id"]).toBe(answer.body["run_id"]);
    expect(deployments.length).toBe(1);
  });

  it("parks with the reason, and goes on after a retry", async () => {
    fails = "the model is damaged";
    const refused = await deploy({ prefer: "wait=30" });
    expect(refused).toMatchObject({ status: 422, body: { detail: "the model is damaged", what_to_do: expect.stringContaining("train it again; then POST /tasks/") as string } });
    const runId = String(refused.headers["location"]).split("/").at(-1)!;
    fails = null;
    deployments = [];
    expect(await send(app, "POST", `/tasks/${runId}/retry`, { body: { step: "training" } })).toMatchObject({ status: 409 });
    expect((await send(app, "POST", `/tasks/${runId}/retry`, { body: { step: "deployment" } })).status).toBe(202);
    (await begun(1))[0]!.end();
    await untilStatus(app, runId, "completed");
  });

  it("is cancelled like a task", async () => {
    deployments = [];
    const runId = (await deploy()).body["run_id"] as string;
    await begun(1);
    expect((await send(app, "POST", `/tasks/${runId}/cancel`)).status).toBe(202);
    await untilStatus(app, runId, "cancelled");
    deployments[0]!.end();
  });

  it("changes one model at a time", async () => {
    deployments = [];
    const runs = [await deploy(), await deploy()].map(({ body }) => body["run_id"] as string);
    await begun(1);
    // The other one looks again every other second; it may not begin while the first is at work.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(deployments.length).toBe(1);
    deployments[0]!.end();
    (await begun(2))[1]!.end();
    for (const runId of runs) await untilStatus(app, runId, "completed");
  });

  it("is known without a worker, and its history replays", async () => {
    deployments = [];
    const runId = (await deploy()).body["run_id"] as string;
    (await begun(1))[0]!.end();
    await untilStatus(app, runId, "completed");
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, await lab.env.client.workflow.getHandle(runWorkflowIdOf("deployment", runId)).fetchHistory());
    await lab.stopWorkers();
    const waiting = (await deploy()).body["run_id"] as string;
    expect((await createWatcher(lab).view(waiting))!).toMatchObject({ answeredBy: "temporal", state: { status: "running", steps: [{ name: "deployment" }], run: { kind: "deployment" } } });
    await lab.startWorkers();
  });

  it("is refused for what is not there, and for other people's tasks", async () => {
    const body = { task_id: taskId, model_path: `train_log/${taskId}/model.onnx` };
    expect(await send(app, "POST", "/deployments", { body: { ...body, model_path: `train_log/${taskId}/../x/model.onnx` } })).toMatchObject({ status: 400, body: { field: "model_path" } });
    expect(await send(app, "POST", "/deployments", { body: { ...body, model_path: `train_log/${taskId}/round-2/model.onnx` } })).toMatchObject({ status: 404 });
    expect(await send(app, "POST", "/deployments", { body: { ...body, task_id: makeId() } })).toMatchObject({ status: 404, body: { field: "task_id" } });
  });
});

it.each([["wait=30", 30], ["respond-async, wait=5", 5], ["wait=9999", 60], ["return=minimal", 0], [undefined, 0], ["await=4", 0]])("Prefer: %s waits %d seconds at most", (prefer, seconds) => {
  expect(secondsToWait(prefer)).toBe(seconds);
});
