import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { makeId } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";
import { createKeyStore } from "./keys.ts";
import { send, startLab, type Lab } from "./lab.test-suite.ts";
import { createTaskRequests, type RequestLine } from "./task-requests.ts";

let folder: string;
let storage: ReturnType<typeof createLocalStorage>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-requests-"));
  storage = createLocalStorage({ root: folder });
});
afterAll(() => rm(folder, { recursive: true }));

const line = (second: number, fields: Partial<RequestLine> = {}): Omit<RequestLine, "id"> => ({ at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(), user: "ada", method: "POST", path: "/x", status: 200, ms: 5, request_id: `r${second}`, ...fields });
const filesOf = async (taskId: string): Promise<string[]> => (await Promise.all(["changes", "reads"].map((kind) => storage.list(taskKeys(taskId).requestsOf(kind))))).flat();

describe("the request log of a task", () => {
  it("has the newest first, in pages, whichever process wrote them", async () => {
    const taskId = makeId();
    const [one, other] = [createTaskRequests({ storage }), createTaskRequests({ storage })];
    for (let i = 0; i < 5; i++) (i % 2 === 0 ? one : other).add(taskId, line(i), false);
    await other.close();
    const first = await one.page({ taskId, limit: 3, after: null });
    expect(first.requests.map(({ request_id }) => request_id)).toEqual(["r4", "r3", "r2"]);
    const second = await one.page({ taskId, limit: 3, after: first.next });
    expect(second).toMatchObject({ requests: [{ request_id: "r1" }, { request_id: "r0" }], next: null });
    expect(await one.page({ taskId: makeId(), limit: 3, after: null })).toEqual({ requests: [], next: null });
  });

  it("counts repeats of a read, and keeps changes and refusals one by one", async () => {
    const taskId = makeId();
    const log = createTaskRequests({ storage });
    for (let i = 0; i < 50; i++) log.add(taskId, line(i, { method: "GET", path: "/status/x", ms: i }), true);
    log.add(taskId, line(50, { method: "GET", path: "/status/x", user: "root" }), true);
    for (let i = 51; i < 53; i++) log.add(taskId, line(i, { method: "GET", path: "/status/x", status: 404, error: "no" }), false);
    const { requests } = await log.page({ taskId, limit: 10, after: null });
    expect(requests.map(({ user, status, times, ms, last_at }) => [user, status, times, ms, last_at])).toEqual([
      ["ada", 404, undefined, 5, undefined],
      ["ada", 404, undefined, 5, undefined],
      ["root", 200, undefined, 5, undefined],
      ["ada", 200, 50, 49, line(49).at],
    ]);
  });

  it("is bounded, in lines and in files; reads never push changes out", async () => {
    const taskId = makeId();
    const log = createTaskRequests({ storage, lines: 10, files: 4 });
    log.add(taskId, line(0, { path: "/change" }), false);
    for (let i = 1; i < 40; i++) {
      log.add(taskId, line(i, { method: "GET", path: `/read/${i}` }), true);
      await log.close();
    }
    expect((await filesOf(taskId)).length).toBeLessThanOrEqual(5);
    const { requests } = await log.page({ taskId, limit: 100, after: null });
    expect(requests.length).toBeLessThanOrEqual(15);
    expect(requests[0]).toMatchObject({ path: "/read/39" });
    expect(requests.at(-1)).toMatchObject({ path: "/change" });
  });

  it("goes on where storage fails once, and says so", async () => {
    const taskId = makeId();
    const errors: unknown[] = [];
    let fails = true;
    const log = createTaskRequests({ storage: { ...storage, put: (key, content) => (fails ? Promise.reject(new Error("full")) : storage.put(key, content)) }, onError: (error) => errors.push(error) });
    log.add(taskId, line(1), false);
    await log.close();
    expect(errors).toHaveLength(1);
    fails = false;
    log.add(taskId, line(2), false);
    expect((await log.page({ taskId, limit: 9, after: null })).requests).toMatchObject([{ request_id: "r2" }]);
  });
});

describe("GET /tasks/{task_id}/requests", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  });
  afterAll(() => lab.stop());

  it("says who asked what of it, and how it ended, to its owner and admins", async () => {
    const keys = createKeyStore({ storage: lab.storage });
    const as: Record<string, Record<string, string>> = {};
    for (const userId of ["ada", "bob"]) as[userId] = { authorization: `Bearer ${(await keys.add({ userId, admin: false })).token}` };
    const app = await lab.app();
    const { body } = await send(app, "POST", "/tasks/", { body: lab.body, headers: as["ada"]! });
    const taskId = body["task_id"] as string;
    const call = (method: "GET" | "POST", url: string, user = "ada") => send(app, method, url.replace("ID", taskId), { headers: as[user]!, ...(method === "GET" ? {} : { body: {} }) });
    for (let i = 0; i < 3; i++) await call("GET", "/status/ID?x=secret");
    await call("POST", "/labeling/ID/approve");
    await call("GET", "/status/ID", "bob");
    await send(app, "GET", `/status/${taskId}`);
    const { status, body: answer } = await call("GET", "/tasks/ID/requests");
    expect(status).toBe(200);
    const seen = (answer["requests"] as RequestLine[]).map(({ user, method, path, status: code, times, error }) => ({ user, line: `${method} ${path.replace(taskId, "ID")} ${code}`, times, error })).toSorted((a, b) => (a.line < b.line ? -1 : 1));
    expect(seen).toEqual([
      { user: "ada", line: "GET /status/ID 200", times: 3, error: undefined },
      { user: "bob", line: "GET /status/ID 404", times: undefined, error: `there is no task ${taskId}` },
      { user: "ada", line: "POST /labeling/ID/approve 409", times: undefined, error: "this task does not wait for approval yet" },
      { user: "ada", line: "POST /tasks/ 201", times: undefined, error: undefined },
    ]);
    // Each task has its own; another's is as unknown as the task.
    expect((await call("GET", "/tasks/ID/requests", "bob")).status).toBe(404);
    expect((await call("GET", "/tasks/ID/requests?limit=2")).body["requests"]).toHaveLength(2);
    expect((await call("GET", "/tasks/ID/requests?cursor=x")).status).toBe(400);
    // What waits to be written is written when the API ends; an unknown id leaves nothing behind.
    await send(app, "GET", "/status/0123456789ab", { headers: as["ada"]! });
    await app.close();
    expect((await lab.storage.list(taskKeys(taskId).requestsOf("reads"))).length).toBeGreaterThan(0);
    expect(await lab.storage.list(taskKeys("0123456789ab").prefix)).toEqual([]);
  });
});
