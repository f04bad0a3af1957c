import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataPrefixes, frameKeys, labelKeys, modelKeys, resultKeys, taskKeys, trainKeys, videoKeys } from "../domain/layout.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";

/** What is kept of a task, and how it is deleted. */

let lab: Lab;
let app: App;
const headers: Record<"ada" | "bob" | "root", Record<string, string>> = { ada: {}, bob: {}, root: {} };

beforeAll(async () => {
  lab = await startLab();
  const keys = createKeyStore({ storage: lab.storage });
  for (const userId of ["ada", "bob", "root"] as const) headers[userId] = { authorization: `Bearer ${(await keys.add({ userId, admin: userId === "root" })).token}` };
  app = await lab.app();
  await lab.startWorkers();
});
afterAll(() => lab.stop());

const call = (method: "GET" | "POST" | "DELETE", url: string, { as = "ada", body, at = app }: { as?: keyof typeof headers; body?: object; at?: App } = {}) => send(at, method, url, { headers: headers[as], ...(body === undefined ? {} : { body }) });
const make = async (settings: object = {}): Promise<string> => (await call("POST", "/tasks/", { body: { ...lab.body, ...settings } })).body["task_id"] as string;
const left = async (taskId: string): Promise<string[]> => (await Promise.all(dataPrefixes(taskId).map((prefix) => lab.storage.list(prefix)))).flat();

/** A task that has ended, with something under every key. */
async function ended(): Promise<string> {
  const taskId = await make();
  await untilStatus(app, taskId, "waiting", headers.ada);
  await call("POST", `/tasks/${taskId}/cancel`);
  await untilStatus(app, taskId, "cancelled", headers.ada);
  const { serving, onnx } = modelKeys(taskId);
  for (const key of [videoKeys(taskId).meta, labelKeys(taskId, 1).edit(0, 1), trainKeys(taskId, 1).onnx, resultKeys(taskId, 1).result, resultKeys(taskId, 2).result, onnx(1), serving]) await lab.storage.put(key, "{}");
  return taskId;
}

describe("DELETE /tasks/{task_id}", () => {
  it("takes away all that a task has made, and keeps its record and what was promoted", async () => {
    const [taskId, other] = [await ended(), await ended()];
    await lab.storage.put(modelKeys("global").onnx(1), "a copy of its model");
    const before = (await left(taskId)).length;
    expect(before).toBeGreaterThan(10);
    const answer = await call("DELETE", `/tasks/${taskId}`);
    expect(answer).toMatchObject({ status: 200, body: { task_id: taskId, deleted: before, deleted_at: expect.any(String) } });
    expect(await left(taskId)).toEqual([]);
    expect((await left(other)).length).toBe(before);
    expect(await lab.storage.size(modelKeys("global").onnx(1))).toBeGreaterThan(0);
    const status = await call("GET", `/status/${taskId}`);
    expect(status).toMatchObject({ status: 200, body: { status: "cancelled", deleted_at: answer.body["deleted_at"], settings: { num_frames: 3 } } });
    expect((status.body["timeline"] as object[]).at(-1)).toMatchObject({ event: "task.deleted", data: { by: "ada" } });
    expect(JSON.stringify((await call("GET", "/tasks/?limit=500")).body)).not.toContain(taskId);
    expect((await call("GET", `/labeling/${taskId}/frames`)).status).toBe(404);
    // Again, nothing happens: neither a second line nor another time.
    expect(await call("DELETE", `/tasks/${taskId}`)).toMatchObject({ status: 200, body: { deleted: 0, deleted_at: answer.body["deleted_at"] } });
    expect(((await call("GET", `/status/${taskId}`)).body["timeline"] as { event: string }[]).filter(({ event }) => event === "task.deleted")).toHaveLength(1);
    expect(await call("POST", `/labeling/${taskId}/rounds`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining("deleted") } });
    expect(await call("POST", "/training", { body: { data_path: taskId } })).toMatchObject({ status: 409, body: { detail: expect.stringContaining("deleted") } });
  });

  it("is refused while the task runs, and to everybody but its owner and admins", async () => {
    const taskId = await make({ labeling: { people: ["bob"] } });
    await untilStatus(app, taskId, "waiting", headers.ada);
    expect(await call("DELETE", `/tasks/${taskId}`)).toMatchObject({ status: 409, body: { field: "task_id", what_to_do: expect.stringContaining("cancel") } });
    expect(await lab.storage.size(frameKeys(taskId, 1).list)).toBeGreaterThan(0);
    expect((await call("DELETE", `/tasks/${taskId}`, { as: "bob" })).status).toBe(404);
    await call("POST", `/tasks/${taskId}/cancel`);
    await untilStatus(app, taskId, "cancelled", headers.ada);
    expect((await call("DELETE", `/tasks/${taskId}`, { as: "bob" })).status).toBe(404);
    expect((await call("DELETE", `/tasks/${taskId}`, { as: "root" })).status).toBe(200);
    expect(((await call("GET", `/status/${taskId}`)).body["timeline"] as object[]).at(-1)).toMatchObject({ data: { by: "root" } });
  });

  it("killed half-way, it is finished by the same request", async () => {
    const taskId = await ended();
    let budget = 4;
    const dying = await lab.app({ storage: { ...lab.storage, remove: (key) => (budget-- > 0 ? lab.storage.remove(key) : Promise.reject(new Error("killed"))) } });
    expect((await call("DELETE", `/tasks/${taskId}`, { at: dying })).status).toBe(500);
    expect((await left(taskId)).length).toBeGreaterThan(0);
    // It counts as deleted, and no model of it answers.
    const fresh = await lab.app();
    expect((await call("GET", `/status/${taskId}`, { at: fresh })).body["deleted_at"]).toEqual(expect.any(String));
    expect(await lab.storage.size(modelKeys(taskId).serving)).toBeNull();
    expect((await call("POST", `/labeling/${taskId}/rounds`, { at: fresh })).status).toBe(409);
    expect((await call("DELETE", `/tasks/${taskId}`, { at: fresh })).body["deleted"]).toBeGreaterThan(0);
    expect(await left(taskId)).toEqual([]);
  });

  it("waits for those who read what it has made", async () => {
    const taskId = await ended();
    await lab.stopWorkers();
    const reader = await make({ prelabel: taskId });
    const run = (await call("POST", "/deployments", { body: { task_id: taskId, model_path: trainKeys(taskId, 1).onnx } })).body["run_id"] as string;
    await expect.poll(async () => (await call("DELETE", `/tasks/${taskId}`)).body["detail"] as string, { timeout: 20_000 }).toMatch(new RegExp(`(?=.*${reader})(?=.*${run})`));
    for (const id of [reader, run]) await call("POST", `/tasks/${id}/cancel`);
    await lab.startWorkers();
    for (const id of [reader, run]) await untilStatus(app, id, "cancelled", headers.ada);
    await expect.poll(async () => (await call("DELETE", `/tasks/${taskId}`)).status, { timeout: 20_000 }).toBe(200);
    // A single step is deleted in the same way.
    expect(await call("DELETE", `/tasks/${run}`)).toMatchObject({ status: 200, body: { task_id: run } });
  });
});

describe("GET /tasks/{task_id}/timeline", () => {
  it("says what happened, of each round", async () => {
    const taskId = await ended();
    const { body } = await call("GET", `/tasks/${taskId}/timeline`);
    expect(body).toMatchObject({ task_id: taskId, round: 1 });
    expect((body["timeline"] as { event: string }[]).map(({ event }) => event)).toEqual(["task.created", "video.download.requested", "video.downloaded", "frames.extraction.requested", "frames.extracted", "preinference.completed", "labeling.requested", "task.cancelled"]);
    await lab.storage.put(taskKeys(taskId).recordOf(3), JSON.stringify({ timeline: [{ event: "round.opened", at: "2026-01-01T00:00:00Z", data: {} }] }));
    expect((await call("GET", `/tasks/${taskId}/timeline?round=3`)).body).toMatchObject({ round: 3, timeline: [{ event: "round.opened" }] });
    expect(await call("GET", `/tasks/${taskId}/timeline?round=2`)).toMatchObject({ status: 404, body: { field: "round" } });
    expect((await call("GET", `/tasks/${taskId}/timeline`, { as: "bob" })).status).toBe(404);
  });
});
