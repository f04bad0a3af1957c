import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeId } from "../domain/ids.ts";
import { LISTS_COMPLETE, taskKeys, trainKeys } from "../domain/layout.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";
import { createTaskIndex } from "./task-index.ts";

/** `GET /tasks/`: pages and filters, over a real Temporal server and what it has forgotten. */

let lab: Lab;
let app: App;
const headers: Record<"ada" | "bob" | "root", Record<string, string>> = { ada: {}, bob: {}, root: {} };
/** Ended long ago: Temporal knows nothing of them. Newest first. */
const old: string[] = [];

const record = (taskId: string, fields: object = {}) => ({ task_id: taskId, status: "completed", user_id: "ada", project: "old", round: 1, created_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-02T00:00:00Z", waiting_for: null, steps: [{ name: "upload", status: "completed" }], settings: { labeling: { people: [] } }, timeline: [], ...fields });
const list = async (query: string, as: keyof typeof headers = "ada", at = app) => (await send(at, "GET", `/tasks/?${query}`, { headers: headers[as] })).body as { tasks: { task_id: string; run: string | null }[]; next: string | null };
const ids = ({ tasks }: { tasks: { task_id: string }[] }): string[] => tasks.map(({ task_id }) => task_id);
const make = async (settings: object = {}, as: keyof typeof headers = "ada"): Promise<string> => {
  const { status, body } = await send(app, "POST", "/tasks/", { body: { ...lab.body, user_id: as, ...settings }, headers: headers[as] });
  expect(status, JSON.stringify(body)).toBe(201);
  return body["task_id"] as string;
};

beforeAll(async () => {
  lab = await startLab();
  const keys = createKeyStore({ storage: lab.storage });
  for (const userId of ["ada", "bob", "root"] as const) headers[userId] = { authorization: `Bearer ${(await keys.add({ userId, admin: userId === "root" })).token}` };
  for (let i = 0; i < 7; i++) {
    const taskId = makeId(Date.UTC(2026, 0, 10 - i));
    old.push(taskId);
    await lab.storage.put(taskKeys(taskId).record, JSON.stringify(record(taskId, i === 3 ? { status: "cancelled" } : {})));
  }
  app = await lab.app();
});
afterAll(() => lab.stop());

describe("the list of tasks", () => {
  it("has tasks from before there were lists, also those that Temporal has forgotten, in pages", async () => {
    expect(ids(await list("project=old"))).toEqual(old);
    expect(await lab.storage.size(LISTS_COMPLETE)).toBeGreaterThan(0);
    const first = await list("limit=3");
    expect(ids(first)).toEqual(old.slice(0, 3));
    expect(first.next).toBe(old[2]);
    const second = await list(`limit=3&cursor=${first.next}`);
    expect(ids(second)).toEqual(old.slice(3, 6));
    expect(await list(`limit=3&cursor=${second.next}`)).toMatchObject({ tasks: [{ task_id: old[6] }], next: null });
    // A page that ends with the last one has none behind it.
    expect(await list("limit=7")).toMatchObject({ next: null });
    expect(await list(`limit=1&cursor=${old[6]}`)).toEqual({ tasks: [], next: null });
  });

  it("has a task at once, on every API process", async () => {
    const taskId = await make({ project: "fresh" });
    for (const at of [app, await lab.app()]) expect(await list("limit=1", "ada", at)).toMatchObject({ tasks: [{ task_id: taskId, run: null, project: "fresh", status: "running" }] });
  });

  it("filters by project, step and state", async () => {
    await lab.startWorkers();
    const waiting = await make({ project: "waits" });
    await untilStatus(app, waiting, "waiting", headers.ada);
    await expect.poll(async () => ids(await list("state=waiting&step=labeling&project=waits")), { timeout: 20_000 }).toEqual([waiting]);
    expect(ids(await list("state=cancelled"))).toEqual([old[3]]);
    expect(ids(await list("state=completed&project=old&limit=2"))).toEqual(old.slice(0, 2));
    expect(ids(await list("project=none"))).toEqual([]);
    for (const [query, field] of [["state=busy", "state"], ["step=wait", "step"], ["kind=x", "kind"], ["cursor=..%2f", "cursor"], ["limit=0", "limit"]] as const) {
      expect(await send(app, "GET", `/tasks/?${query}`, { headers: headers.ada }), query).toMatchObject({ status: 400, body: { field } });
    }
  });

  it("keeps tasks and single steps apart, unless both are asked for", async () => {
    const taskId = await make();
    await lab.storage.put(trainKeys(taskId, 1).onnx, "a model");
    const run = await send(app, "POST", "/deployments", { body: { task_id: taskId, model_path: trainKeys(taskId, 1).onnx }, headers: headers.ada });
    const runId = run.body["run_id"] as string;
    expect(await list("kind=run&limit=5")).toMatchObject({ tasks: [{ task_id: runId, run: "deployment" }], next: null });
    expect(ids(await list("limit=1"))).toEqual([taskId]);
    expect(ids(await list("kind=all&limit=2"))).toEqual([runId, taskId]);
  });

  it("is one's own, and of what one may label; an admin sees all, and may ask for one owner's", async () => {
    const bobs = await make({}, "bob");
    const shared = await make({ labeling: { people: ["bob"] } });
    expect(ids(await list("", "bob"))).toEqual([shared, bobs]);
    expect(ids(await list("owner=bob", "bob"))).toEqual([bobs]);
    expect(await send(app, "GET", "/tasks/?owner=ada", { headers: headers.bob })).toMatchObject({ status: 403, body: { field: "owner" } });
    expect(ids(await list("limit=2", "root"))).toEqual([shared, bobs]);
    expect(ids(await list("owner=bob", "root"))).toEqual([bobs]);
    expect(ids(await list("limit=500&owner=ada", "root"))).toEqual(expect.arrayContaining([shared, ...old]));
  });

  it("follows whom a retry names for labeling", async () => {
    const taskId = await make({ num_animals: 13, labeling: { people: ["bob"] } });
    await untilStatus(app, taskId, "parked", headers.ada);
    expect(ids(await list("limit=1", "bob"))).toEqual([taskId]);
    const retried = await send(app, "POST", `/tasks/${taskId}/retry`, { headers: headers.ada, body: { step: "preinference", settings: { labeling: { people: ["eve"] } } } });
    expect(retried.status).toBe(202);
    expect(ids(await list("", "bob"))).not.toContain(taskId);
  });

  it("looks through a bounded part of many at a time: such a page may be empty, and the next one goes on", async () => {
    const looked: number[] = [];
    const counting = await lab.app({ storage: { ...lab.storage, list: async (prefix, page) => {
      const keys = await lab.storage.list(prefix, page);
      looked.push(keys.length);
      return keys;
    } } });
    const eve = { authorization: `Bearer ${(await createKeyStore({ storage: lab.storage }).add({ userId: "eve", admin: false })).token}` };
    const index = createTaskIndex(lab);
    const wanted = makeId(Date.UTC(2025, 0, 1));
    await lab.storage.put(taskKeys(wanted).record, JSON.stringify(record(wanted, { user_id: "eve", project: "needle" })));
    await index.add({ id: wanted, kind: null, owner: "eve", people: [] });
    for (let i = 0; i < 1100; i += 100) await Promise.all(Array.from({ length: 100 }, (_, j) => index.add({ id: makeId(Date.UTC(2025, 1, 1) + i + j), kind: null, owner: "eve", people: [] })));
    const first = (await send(counting, "GET", "/tasks/?project=needle", { headers: eve })).body;
    expect(first).toMatchObject({ tasks: [], next: expect.any(String) });
    expect(Math.max(...looked)).toBeLessThanOrEqual(101);
    const next = (await send(counting, "GET", `/tasks/?project=needle&cursor=${first["next"]}`, { headers: eve })).body;
    expect(next).toMatchObject({ tasks: [{ task_id: wanted }], next: null });
  });
});
