import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCvatClient } from "../adapters/labeling/cvat/client.ts";
import { NO_EXTERNAL_TOOLS } from "../adapters/labeling/labeling.ts";
import { readJson } from "../adapters/storage/storage.ts";
import type { App } from "../api/context.ts";
import { send, untilStatus } from "../api/lab.test-suite.ts";
import { makeId, workflowIdOf } from "../domain/ids.ts";
import type { Snapshot } from "../domain/labels.ts";
import { labelKeys, resultKeys, taskKeys, trainKeys } from "../domain/layout.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { TaskState } from "../domain/state.ts";
import { until } from "../scripts/child.ts";
import { animal, SECRET, startCvatLab, type CvatLab } from "./cvat-lab.ts";

/** What a labeling tool of others says and does, and what must come of it (CVAT's place is taken by a server that answers as CVAT documents). */

let cvat: CvatLab;
let app: App;
const logs: string[] = [];
beforeAll(async () => {
  cvat = await startCvatLab();
  app = await cvat.lab.app({ logger: pino({ level: "debug" }, { write: (line: string) => void logs.push(line) }) });
  await cvat.lab.startWorkers();
});
afterAll(() => cvat.close());

/** The command line, as a cron runs it. */
const command = async (...args: string[]): Promise<string> => (await promisify(execFile)(process.execPath, ["--import", "tsx", "cli/main.ts", "labeling", ...args, "--json"])).stdout;
const post = (url: string, body: object = {}) => send(app, "POST", url, { body });
const stateOf = async (taskId: string): Promise<TaskState> => (await send(app, "GET", `/status/${taskId}`)).body as TaskState;
const eventsOf = (state: TaskState, name: string) => state.timeline.filter(({ event }) => event === name).map(({ data }) => data as Record<string, unknown>);
/** Waits for an event in the timeline, and gives its data. */
const event = (taskId: string, name: string, count = 1) => until(`${name} of ${taskId}`, 60, async () => eventsOf(await stateOf(taskId), name)[count - 1] ?? null);
/** The first `count` frames of a task are drawn and accepted. */
async function acceptJobs(taskId: string, { count = Infinity, round = 1, x = 3 } = {}): Promise<void> {
  for (const job of (await cvat.people.jobs(taskId, round)).slice(0, count)) {
    await cvat.people.draw(taskId, job, [animal("a", x)], round);
    await cvat.people.accept(job);
  }
}

describe("approval", () => {
  it("needs no webhook: one read-back finishes it, and one that comes too early says what is missing", async () => {
    const taskId = await cvat.waitingTask();
    cvat.silence();
    await acceptJobs(taskId, { count: 2 });
    expect(await post(`/labeling/${taskId}/sync`)).toMatchObject({ status: 202, body: { claim_id: expect.stringMatching(/^sync-/) } });
    expect(await event(taskId, "labeling.claim_refused")).toMatchObject({ source: "cvat", reason: expect.stringContaining("1 of 3 jobs are not accepted") });
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ status: "IN_PROGRESS", tool: "cvat", waiting: true, reopened: false, frames: 3, reviewed: 2, url: `${cvat.cvat.url}/tasks/${(await cvat.recordOf(taskId)).cvat.task_id}` });
    await acceptJobs(taskId);
    expect(await command("sync", taskId, "--url", cvat.url)).toContain("claim_id");
    await untilStatus(app, taskId, "completed");
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ status: "COMPLETED", waiting: false, reopened: false });
    expect(await post(`/labeling/${taskId}/sync`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining("ended") } });
    await expect(command("approve", taskId, "--allow-partial", "--url", cvat.url)).rejects.toMatchObject({ stderr: expect.stringContaining("has ended") });
    await expect(command("sync", "--url", cvat.url)).rejects.toMatchObject({ stderr: expect.stringContaining("missing required argument 'task'") });
  });

  it("by a person's word, in part: exactly what was accepted trains, and no pre-label that nobody looked at", async () => {
    const taskId = await cvat.waitingTask({ num_frames: 6 });
    await acceptJobs(taskId, { count: 3 });
    expect((await post(`/labeling/${taskId}/approve`)).status).toBe(202);
    // The webhook of each accepted job is a claim too; the last one to be read back sees all three.
    await expect.poll(async () => eventsOf(await stateOf(taskId), "labeling.claim_refused").map(({ reason }) => reason), { timeout: 30_000 }).toContainEqual(expect.stringContaining("3 of 6 jobs"));
    expect((await post(`/labeling/${taskId}/approve`, { allow_partial: true })).status).toBe(202);
    await untilStatus(app, taskId, "completed");
    const manifest = await readJson<Manifest>(cvat.lab.storage, trainKeys(taskId, 1).manifest);
    expect([...new Set([...manifest.images.map(({ frame }) => frame), ...manifest.gap])].toSorted((a, b) => a - b)).toEqual([0, 10, 20]);
    expect(manifest).toMatchObject({ left_out: [30, 40, 50], counts: { reviewed: 3, left_out: 3, unreviewed_boxes: 0 } });
    expect(Object.keys(manifest.counts.boxes_by_source)).toEqual(["person"]);
  });

  it("holds what was approved: a label that is moved before training begins does not get in, but is said", async () => {
    const begin = cvat.holdDataset();
    const taskId = await cvat.waitingTask({ num_frames: 4 });
    await acceptJobs(taskId);
    await event(taskId, "labeling.approved");
    const [job] = await cvat.people.jobs(taskId);
    await cvat.people.set(job!, "annotation", "in progress");
    await cvat.people.draw(taskId, job!, [animal("a", 40), animal("b", 3)]);
    await cvat.people.accept(job!);
    expect(await event(taskId, "labeling.reopened")).toMatchObject({ round: 1, source: "cvat" });
    begin();
    await untilStatus(app, taskId, "completed");
    const snapshot = await readJson<Snapshot>(cvat.lab.storage, labelKeys(taskId, 1).snapshot);
    const manifest = await readJson<Manifest>(cvat.lab.storage, trainKeys(taskId, 1).manifest);
    expect(manifest.snapshot.sha256).toBe(snapshot.sha256);
    expect(snapshot.frames[0]!.objects.map(({ box }) => box.map(Math.round))).toEqual([[3, 4, 23, 30]]);
    expect(manifest.images.filter(({ frame }) => frame === 0).map(({ boxes }) => boxes)).not.toContain(2);
    expect((await stateOf(taskId)).timeline.filter(({ event: name }) => name === "model.training.requested")).toHaveLength(1);
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ status: "COMPLETED", reopened: true });
  });
});

describe("rejection", () => {
  it("by a reviewer, in CVAT or on our side, sends the labelers back to work, with the comment in both", async () => {
    const taskId = await cvat.waitingTask();
    await acceptJobs(taskId, { count: 2 });
    const [first, second] = await cvat.people.jobs(taskId);
    await cvat.people.set(first!, "annotation", "rejected");
    expect(await event(taskId, "labeling.rejected")).toMatchObject({ round: 1 });
    expect((await post(`/labeling/${taskId}/reject`, { comments: [{ frame: 10, comment: "the tail is missing" }] })).status).toBe(202);
    await until("the comment in the timeline", 30, async () => eventsOf(await stateOf(taskId), "labeling.rejected").some(({ comments }) => JSON.stringify(comments).includes("the tail is missing")));
    expect((await cvat.people.jobs(taskId)).find(({ id }) => id === second!.id)).toMatchObject({ stage: "annotation", state: "in progress" });
    expect(JSON.stringify([...cvat.cvat.store.issues.values()])).toContain("the tail is missing");
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ status: "IN_PROGRESS", waiting: true });
    await acceptJobs(taskId);
    await untilStatus(app, taskId, "completed");
  });
});

describe("a new round", () => {
  it("takes up what was reopened after the end, and leaves the first round as it is", async () => {
    const taskId = await cvat.waitingTask();
    expect(await post(`/labeling/${taskId}/rounds`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining("not over") } });
    await acceptJobs(taskId);
    await untilStatus(app, taskId, "completed");
    // It says so a moment before it has ended.
    await cvat.lab.env.client.workflow.getHandle(workflowIdOf(taskId)).result();
    const before = await readJson<Snapshot>(cvat.lab.storage, labelKeys(taskId, 1).snapshot);
    const record = (await cvat.lab.storage.read(taskKeys(taskId).record)).toString();

    const [job] = await cvat.people.jobs(taskId);
    await cvat.people.set(job!, "annotation", "in progress");
    await cvat.people.draw(taskId, job!, [animal("a", 40)]);
    await until("the reopening to be known", 30, async () => (await send(app, "GET", `/labeling/${taskId}`)).body["reopened"] === true);
    expect((await cvat.lab.storage.read(taskKeys(taskId).record)).toString()).toBe(record);

    expect(await post(`/labeling/${taskId}/rounds`)).toMatchObject({ status: 201, body: { task_id: taskId, round: 2, before: 1, status_url: `/status/${taskId}` } });
    const state = (await untilStatus(app, taskId, "waiting")) as unknown as TaskState;
    expect(state).toMatchObject({ round: 2, rounds: [{ round: 1, status: "completed", sha256: before.sha256, model: "x@1", result_path: resultKeys(taskId, 1).result }] });
    expect(state.steps.slice(0, 4).map(({ status }) => status)).toEqual(["completed", "completed", "completed", "waiting"]);
    expect((await post(`/labeling/${taskId}/rounds`)).status).toBe(409);
    expect(((await send(app, "GET", "/tasks/?limit=500")).body["tasks"] as { task_id: string }[]).filter((row) => row.task_id === taskId)).toHaveLength(1);
    // CVAT's people begin with the labels as they stand there, moved box included; nothing of it counts before they accept it again.
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ round: 2, status: "IN_PROGRESS", frames: 3, reviewed: 0, prelabeled: 3, reopened: false });
    const start = await readJson<{ frames: { objects: { box: number[]; confirmed: boolean; source: string }[] }[] }>(cvat.lab.storage, labelKeys(taskId, 2).prelabels);
    expect(start.frames[0]!.objects).toMatchObject([{ confirmed: false, source: "person" }]);
    expect(start.frames[0]!.objects[0]!.box.map(Math.round)).toEqual([40, 4, 60, 30]);

    for (const accepted of await cvat.people.jobs(taskId, 2)) await cvat.people.accept(accepted);
    await until("the end of round 2", 60, async () => (await stateOf(taskId)).status === "completed");
    const end = await readJson<TaskState>(cvat.lab.storage, taskKeys(taskId).record);
    expect(end).toMatchObject({ round: 2, status: "completed", rounds: [{ round: 1, record_key: taskKeys(taskId).recordOf(1) }] });
    expect(await cvat.lab.storage.size(resultKeys(taskId, 2).result)).not.toBeNull();
    const earlier = (await send(app, "GET", `/tasks/${taskId}/results?round=1`)).body["files"] as { url: string }[];
    expect(earlier[0]).toMatchObject({ url: `/tasks/${taskId}/results/result.json?round=1` });
    expect((await send(app, "GET", earlier[0]!.url)).status).toBe(200);
    expect(await send(app, "GET", `/labeling/${taskId}/frames`)).toMatchObject({ status: 409, body: { field: "labeling.tool" } });
    expect((await cvat.lab.storage.read(taskKeys(taskId).recordOf(1))).toString()).toBe(record);
    expect(await readJson<Snapshot>(cvat.lab.storage, labelKeys(taskId, 1).snapshot)).toEqual(before);
    expect((await readJson<Snapshot>(cvat.lab.storage, labelKeys(taskId, 2).snapshot)).frames[0]!.objects.map(({ box }) => Math.round(box[0]!))).toEqual([40]);
  });

  it("on our own page begins with every frame reviewed as it was", async () => {
    const taskId = await cvat.waitingTask({ labeling: { tool: "builtin" } });
    expect(await post(`/labeling/${taskId}/sync`)).toMatchObject({ status: 409, body: { field: "labeling.tool" } });
    const save = (frame: number, version: number, x: number) => send(app, "PUT", `/labeling/${taskId}/frames/${frame}`, { body: { version, reviewed: true, objects: [{ ...animal("a", x), confirmed: true }] } });
    for (const frame of [0, 10, 20]) expect((await save(frame, 0, 3)).status).toBe(200);
    const first = await post(`/labeling/${taskId}/approve`);
    await untilStatus(app, taskId, "completed");
    expect((await post(`/labeling/${taskId}/rounds`)).status).toBe(201);
    await untilStatus(app, taskId, "waiting");
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ round: 2, frames: 3, reviewed: 3 });
    expect((await send(app, "GET", `/labeling/${taskId}/frames/10/image`)).status).toBe(200);
    expect(await save(10, 1, 40)).toMatchObject({ status: 200, body: { version: 2 } });
    const second = await post(`/labeling/${taskId}/approve`);
    expect(second).toMatchObject({ status: 202, body: { frames: 3, left_out: [] } });
    expect(second.body["sha256"]).not.toBe(first.body["sha256"]);
    await until("the end of round 2", 60, async () => (await stateOf(taskId)).status === "completed");
    expect((await readJson<Manifest>(cvat.lab.storage, trainKeys(taskId, 2).manifest)).snapshot.sha256).toBe(second.body["sha256"]);
    expect((await readJson<Manifest>(cvat.lab.storage, trainKeys(taskId, 1).manifest)).snapshot.sha256).toBe(first.body["sha256"]);
  });
});

describe("a tool that fails", () => {
  it("parks the task with what is lost, and a retry makes it anew", async () => {
    const taskId = await cvat.waitingTask();
    const { project_id } = (await cvat.recordOf(taskId)).cvat;
    await createCvatClient(cvat.cvat).send("DELETE", `/api/projects/${project_id}`);
    await post(`/labeling/${taskId}/sync`);
    const parked = (await untilStatus(app, taskId, "parked")) as unknown as TaskState;
    expect(parked.steps[3]).toMatchObject({ status: "parked", reason: expect.stringContaining("lost"), what_to_do: expect.stringContaining("retrying labeling") });
    expect((await post(`/tasks/${taskId}/retry`, { step: "labeling" })).status).toBe(202);
    await untilStatus(app, taskId, "waiting");
    expect((await cvat.recordOf(taskId)).cvat.project_id).not.toBe(project_id);
    await acceptJobs(taskId);
    await untilStatus(app, taskId, "completed");
  });

  it("that is not set up is refused when the task is made, with the variables to set", async () => {
    const bare = await cvat.lab.app({ externalLabeling: NO_EXTERNAL_TOOLS });
    for (const [tool, variable] of [["cvat", "ACTVERSE_CVAT_TOKEN"], ["label-studio", "ACTVERSE_LABEL_STUDIO_URL"]]) {
      const answer = await send(bare, "POST", "/tasks/", { body: { ...cvat.lab.body, labeling: { tool } } });
      expect(answer).toMatchObject({ status: 400, body: { field: "labeling.tool", what_to_do: expect.stringContaining(variable!) } });
    }
    expect(await send(bare, "POST", "/tasks/", { body: { ...cvat.lab.body, labeling: { tool: "paper" } } })).toMatchObject({ status: 400, body: { field: "labeling.tool" } });
    expect(await send(bare, "POST", "/webhooks/cvat", { body: {} })).toMatchObject({ status: 401 });
  });
});

describe("Label Studio's webhook", () => {
  const deliver = (taskId: string, body: object, secret: string | null = SECRET) => send(app, "POST", `/webhooks/label-studio/${taskId}`, { body, headers: secret === null ? {} : { "x-actverse-secret": secret } });
  const project = { task_number: 3, finished_task_number: 3, num_tasks_with_annotations: 3 };
  const annotation = (choice: string) => ({ id: 7, task: 3, updated_at: "2026-01-01T00:00:00Z", was_cancelled: false, result: [{ type: "choices", from_name: "review", to_name: "image", value: { choices: [choice] } }] });
  const body = (choice: string) => ({ action: "ANNOTATION_UPDATED", annotation: annotation(choice), project, task: { id: 3, data: { frame: 10 }, total_annotations: 1 } });

  it("without the secret is refused, and of an unknown task 404", async () => {
    const taskId = makeId();
    for (const secret of [null, "", "wrong", `${SECRET}x`]) expect((await deliver(taskId, body("Approved"), secret)).status).toBe(401);
    expect((await deliver(taskId, body("Approved"))).status).toBe(404);
    expect((await deliver(taskId, { action: "PROJECT_UPDATED", project })).status).toBe(404);
    expect((await deliver("not-an-id", body("Approved"))).status).toBe(404);
  });

  it("of a task that is labeled elsewhere approves nothing", async () => {
    const taskId = await cvat.waitingTask({ labeling: { tool: "builtin" } });
    expect(await deliver(taskId, body("Approved"))).toMatchObject({ status: 200, body: { effect: "approved" } });
    expect(await event(taskId, "labeling.claim_refused")).toMatchObject({ source: "label-studio", reason: expect.stringContaining("labeled in the built-in page") });
    await post(`/tasks/${taskId}/cancel`);
    await untilStatus(app, taskId, "cancelled");
    expect(await deliver(taskId, { ...body("Approved"), annotation: { ...annotation("Approved"), id: 8 } })).toMatchObject({ status: 200, body: { effect: "ended" } });
  });
});

it("no secret is ever in a history, a log or an answer", async () => {
  // A Label Studio that is not there: its errors are what could give something away.
  const made = await post("/tasks/", { ...cvat.lab.body, labeling: { tool: "label-studio" } });
  const taskId = made.body["task_id"] as string;
  const handle = cvat.lab.env.client.workflow.getHandle(workflowIdOf(taskId));
  const failure = await until("the request to fail", 60, async () => (await handle.describe()).raw.pendingActivities?.find(({ lastFailure }) => lastFailure !== null && lastFailure !== undefined)?.lastFailure);
  expect(failure.message).toContain("labeling tool unreachable: Label Studio");
  const seen = [JSON.stringify(failure), ...logs];
  for await (const { workflowId } of cvat.lab.env.client.workflow.list({ query: 'WorkflowType = "pipeline"' })) {
    const { events } = await cvat.lab.env.client.workflow.getHandle(workflowId).fetchHistory();
    // Payloads are bytes.
    seen.push(JSON.stringify(events, (_key, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : value)));
    seen.push((await send(app, "GET", `/status/${workflowId.replace("task-", "")}`)).text);
  }
  await post(`/tasks/${taskId}/cancel`);
  expect(seen.length).toBeGreaterThan(10);
  expect(seen.some((text) => text.includes("labeling.approved"))).toBe(true);
  for (const secret of [SECRET, "canary-label-studio-token", cvat.cvat.token]) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
});
