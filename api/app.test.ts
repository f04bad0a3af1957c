import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeId, workflowIdOf } from "../domain/ids.ts";
import { resultKeys, taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { until } from "../scripts/child.ts";
import { stateQuery } from "../workflows/messages.ts";
import type { App } from "./context.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";

let lab: Lab;
let app: App;
beforeAll(async () => {
  lab = await startLab();
  app = await lab.app();
});
afterAll(() => lab.stop());

const make = async (settings: object = {}, headers: Record<string, string> = {}): Promise<string> => {
  const { status, body } = await send(app, "POST", "/tasks/", { body: { ...lab.body, ...settings }, headers });
  expect(status, JSON.stringify(body)).toBe(201);
  return body["task_id"] as string;
};
const object = { id: "a", class: "animal", box: [1, 2, 30, 40], keypoints: [], source: "person", confirmed: true };
const review = (taskId: string, frame: number, version = 0, objects: object[] = [object]) => send(app, "PUT", `/labeling/${taskId}/frames/${frame}`, { body: { version, reviewed: true, objects } });

describe("without a worker", () => {
  it("makes a task, and says where to look", async () => {
    const { status, body, headers } = await send(app, "POST", "/tasks", { body: lab.body });
    expect(status).toBe(201);
    expect(body["task_id"]).toMatch(/^[0-9a-z]{12}$/);
    expect(body).toEqual({ task_id: body["task_id"], status_url: `/status/${body["task_id"]}`, labeling_url: `/label/${body["task_id"]}` });
    expect(headers["location"]).toBe(body["status_url"]);
  });

  it("answers from Temporal, and says so", async () => {
    const taskId = await make({ project: "mice", training: { epochs: 7 } });
    const { status, body } = await send(app, "GET", `/status/${taskId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ answered_by: "temporal", task_id: taskId, status: "running", user_id: "ada", project: "mice", round: 1, settings: { num_frames: 3, training: { epochs: 7, seed: 0 } } });
    expect(body["steps"]).toHaveLength(9);
    const list = await send(app, "GET", "/tasks/");
    expect(list.body["tasks"][0]).toMatchObject({ task_id: taskId, project: "mice", status: "running", step: null });
  });

  it("refuses an approval of what does not wait for one", async () => {
    const taskId = await make();
    for (const [end, body] of [["approve", {}], ["reject", { comments: [{ frame: 0, comment: "again" }] }]] as const) {
      const answer = await send(app, "POST", `/labeling/${taskId}/${end}`, { body });
      expect(answer).toMatchObject({ status: 409, body: { field: "task_id", status: 409 } });
    }
    const overview = await send(app, "GET", `/labeling/${taskId}`);
    expect(overview).toMatchObject({ status: 200, body: { status: "IN_PROGRESS", frames: 0, done: 0, waiting: false, title: `default - ${taskId}`, url: `/label/${taskId}` } });
    expect((await send(app, "GET", `/labeling/${taskId}/frames`)).status).toBe(404);
    expect(await send(app, "POST", `/tasks/${taskId}/retry`, { body: { step: "download" } })).toMatchObject({ status: 409, body: { field: "step" } });
  });

  it("tells open pages of one task of each other", async () => {
    const taskId = await make();
    const here = (client: string, frame: number | null, leaving = false) => send(app, "PUT", `/labeling/${taskId}/presence`, { body: { client, frame, leaving } });
    expect(await here("a", 0)).toMatchObject({ status: 200, body: { people: [], edits: 0, waiting: false } });
    expect((await here("b", null)).body["people"]).toEqual([{ user_id: "local", client: "a", frame: 0 }]);
    expect((await here("a", 0, true)).body["people"]).toHaveLength(1);
    expect((await here("b", null)).body["people"]).toEqual([]);
    expect(await here("no such name!", 0)).toMatchObject({ status: 400, body: { field: "client" } });
    expect((await send(app, "PUT", "/labeling/000000000000/presence", { body: { client: "a", frame: 0 } })).status).toBe(404);
  });

  it("shows an ended task that Temporal has forgotten, and serves its results", async () => {
    const taskId = makeId();
    const settings = { file_path: "/a.mp4", user_id: "ada", project: "old" };
    const record = { task_id: taskId, status: "completed", user_id: "ada", project: "old", round: 1, created_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-02T00:00:00Z", waiting_for: null, steps: [], settings, timeline: [] } as unknown as TaskState;
    await lab.storage.put(taskKeys(taskId).record, JSON.stringify(record));
    await lab.storage.put(resultKeys(taskId, 1).result, "{}");
    expect((await send(app, "GET", `/status/${taskId}`)).body).toEqual({ ...record, answered_by: "record" });
    expect((await send(app, "GET", `/tasks/${taskId}/results/result.json`)).text).toBe("{}");
    // A report opens in the browser, and whatever stands in it can do nothing there.
    await lab.storage.put(resultKeys(taskId, 1).report, "<!doctype html><p>");
    expect(await send(app, "GET", `/tasks/${taskId}/results/report.html`)).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8", "content-disposition": 'inline; filename="report.html"', "content-security-policy": expect.stringMatching(/^default-src 'none'; .* sandbox/) } });
    expect((await send(app, "POST", `/tasks/${taskId}/cancel`)).status).toBe(409);
  });

  it("knows no other tasks", async () => {
    const unknown = makeId();
    const urls = ["/status/ID", "/labeling/ID", "/labeling/ID/frames", "/labeling/ID/frames/0", "/labeling/ID/frames/0/image", "/tasks/ID/results", "/tasks/ID/results/result.json"];
    for (const id of [unknown, "x", "..%2f..%2fetc", "%00", "A".repeat(12), "task-123456789"]) {
      for (const url of urls) {
        const answer = await send(app, "GET", url.replace("ID", id));
        expect(answer.status, `${url} ${id}`).toBe(404);
        expect(answer.body).toMatchObject({ status: 404, what_to_do: expect.any(String) });
        expect(answer.headers["content-type"]).toBe("application/problem+json");
      }
      expect((await send(app, "POST", `/labeling/${id}/approve`, { body: {} })).status).toBe(404);
    }
  });
});

describe("POST /tasks/ refuses", () => {
  it.each([
    [400, "file_path", { file_path: undefined }],
    [400, "user_id", { user_id: "" }],
    [400, "num_frame", { num_frame: 3 }],
    [400, "training.epochs", { training: { epochs: "many" } }],
    [400, "training.task", { training: { task: "pose" } }],
    [400, "skeleton[0]", { keypoints: ["a"], skeleton: [[0, 1]] }],
    [400, "flip_idx[0]", { keypoints: ["a", "b", "c"], flip_idx: [1, 2, 0] }],
    [400, "file_path", { file_path: "/etc/passwd" }],
    [400, "file_path", { file_path: "videos/a.mp4" }],
    [400, "file_path", { file_path: "s3://bucket/a.mp4" }],
    [400, "file_path", { file_path: "a\0b" }],
    [404, "file_path", { file_path: "DIR/none.mp4" }],
    [400, "file_path", { file_path: "DIR" }],
    [400, "file_path", { file_path: "DIR/../../etc/passwd" }],
    [400, "upload[0].path", { upload: [{ path: "/etc" }] }],
  ])("%i %s %j", async (status, field, part) => {
    const folder = lab.video.replace("/a.mp4", "");
    const body = JSON.parse(JSON.stringify({ ...lab.body, ...part }).replace("DIR", folder)) as object;
    const answer = await send(app, "POST", "/tasks/", { body });
    expect(answer).toMatchObject({ status, body: { status, field } });
    expect(answer.body["detail"]).not.toBe("");
    expect(answer.body["what_to_do"]).not.toBe("");
  });

  it("what is no JSON object at all", async () => {
    const post = (payload: string, type = "application/json") => app.inject({ method: "POST", url: "/tasks/", headers: { "content-type": type }, payload });
    for (const payload of ["", "null", "[]", "7", '"x"', "{", '{"__proto__":{}}']) expect((await post(payload)).statusCode, payload).toBe(400);
    expect((await post("{}", "text/csv")).statusCode).toBe(415);
    expect((await post(JSON.stringify({ ...lab.body, project: "x".repeat(1_000_001) }))).statusCode).toBe(413);
  });

  it("a URL is left to the download", async () => {
    expect(await make({ file_path: "https://example.org/a.mp4" })).not.toBe("");
  });

  it("a limit that is none", async () => {
    for (const limit of ["0", "501", "x", "1.5"]) expect(await send(app, "GET", `/tasks/?limit=${limit}`), limit).toMatchObject({ status: 400, body: { field: "limit" } });
    expect(await send(app, "GET", "/tasks/?limits=3")).toMatchObject({ status: 400, body: { field: "limits", what_to_do: "did you mean limit?" } });
    expect((await send(app, "GET", "/tasks/?limit=2")).body["tasks"]).toHaveLength(2);
  });
});

describe("Idempotency-Key", () => {
  it("makes one task of the same request, over a restart and from several at once", async () => {
    const headers = { "idempotency-key": "k 1" };
    const first = await Promise.all([make({}, headers), make({}, headers), make({}, headers)]);
    const again = await send(await lab.app(), "POST", "/tasks/", { body: Object.fromEntries(Object.entries(lab.body).toReversed()), headers });
    expect(new Set([...first, again.body["task_id"]]).size).toBe(1);
    expect(again.status).toBe(201);
    expect(await make({}, { "idempotency-key": "k 2" })).not.toBe(first[0]);
  });

  it("refuses another body", async () => {
    const headers = { "idempotency-key": "k 3" };
    await make({}, headers);
    expect(await send(app, "POST", "/tasks/", { body: { ...lab.body, num_frames: 4 }, headers })).toMatchObject({ status: 422, body: { field: "Idempotency-Key" } });
    expect((await send(app, "POST", "/tasks/", { body: lab.body, headers: { "idempotency-key": "x".repeat(256) } })).status).toBe(400);
  });

  it("does not start a task again that ended long ago", async () => {
    const headers = { "idempotency-key": "k 4" };
    const taskId = await make({}, headers);
    await lab.env.client.workflow.getHandle(workflowIdOf(taskId)).terminate();
    await lab.storage.put(taskKeys(taskId).record, "{}");
    expect(await make({}, headers)).toBe(taskId);
  });
});

describe("with workers", () => {
  beforeAll(() => lab.startWorkers());
  afterAll(() => lab.stopWorkers());

  it("goes from labels over approval and progress to the results", async () => {
    const release = lab.holdTraining();
    const taskId = await make({ classes: ["animal", "fly"] });
    await untilStatus(app, taskId, "waiting");
    // A worker that is busy for two seconds lets Temporal answer instead.
    await expect.poll(async () => (await send(app, "GET", `/status/${taskId}`)).body["answered_by"], { timeout: 20_000 }).toBe("workflow");
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ frames: 3, reviewed: 0, done: 0, waiting: true, status: "IN_PROGRESS" });

    const list = (await send(app, "GET", `/labeling/${taskId}/frames`)).body;
    expect(list).toMatchObject({ task_id: taskId, round: 1, classes: ["animal", "fly"], keypoints: [], skeleton: [], num_animals: null, waiting: true });
    expect(list["frames"]).toEqual([0, 10, 20].map((frame, i) => ({ frame, time: i / 3, status: "unlabeled", version: 0, objects: 0, updated_by: null })));
    const image = await send(app, "GET", `/labeling/${taskId}/frames/10/image`);
    expect(image).toMatchObject({ status: 200, text: "jpeg of frame 10", headers: { "content-type": "image/jpeg" } });
    expect((await send(app, "GET", `/labeling/${taskId}/frames/11/image`)).status).toBe(404);
    expect((await send(app, "GET", `/labeling/${taskId}/frames/11`)).status).toBe(404);

    // Nothing reviewed, then some of it, then labels that cannot be.
    expect(await send(app, "POST", `/labeling/${taskId}/approve`, { body: {} })).toMatchObject({ status: 422, body: { field: "frames" } });
    expect(await review(taskId, 0)).toMatchObject({ status: 200, body: { version: 1, status: "reviewed", updated_by: "local", objects: [object] } });
    for (const options of [{}, { body: {} }]) {
      const partial = await send(app, "POST", `/labeling/${taskId}/approve`, options);
      expect(partial).toMatchObject({ status: 422, body: { field: "frames", detail: expect.stringContaining("10, 20") } });
    }
    expect(await send(app, "POST", `/labeling/${taskId}/approve`, { body: { partial: true } })).toMatchObject({ status: 400, body: { field: "partial", what_to_do: "known here: allow_partial" } });
    for (const [bad, field] of [[{ ...object, box: [1, 2, 1, 40] }, "box"], [{ ...object, box: [1, 2, 300, 40] }, "box"], [{ ...object, class: "cat" }, "class"], [{ ...object, keypoints: [[1, 2, 2]] }, "keypoints"]] as const) {
      const answer = await review(taskId, 10, 0, [bad]);
      expect(answer.status).toBe(400);
      expect(answer.body["field"]).toContain(field);
    }

    // Two people on one frame: the second is shown what the first saved.
    const late = await review(taskId, 0, 0, []);
    expect(late).toMatchObject({ status: 409, body: { field: "version", current: { version: 1, objects: [object] } } });
    expect((await send(app, "GET", `/labeling/${taskId}/frames/0`)).body).toMatchObject({ version: 1, objects: [object] });

    expect(await send(app, "POST", `/labeling/${taskId}/reject`, { body: { comments: [{ frame: 0, comment: "the tail is missing" }] } })).toMatchObject({ status: 202 });
    expect((await send(app, "GET", `/labeling/${taskId}/frames/0`)).body).toMatchObject({ status: "prelabeled", comment: "the tail is missing" });
    expect((await review(taskId, 0, 2)).status).toBe(200);

    const approved = await send(app, "POST", `/labeling/${taskId}/approve`, { body: { allow_partial: true } });
    expect(approved).toMatchObject({ status: 202, body: { frames: 1, left_out: [10, 20], sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });

    const training = await until("training to report", 60, async () => {
      const { body } = await send(app, "GET", `/status/${taskId}`);
      const step = (body["steps"] as TaskState["steps"]).find(({ name }) => name === "training")!;
      return step.progress === null ? null : { step, body };
    });
    expect(training.step).toMatchObject({ status: "running", progress: { done: 3, total: 10, unit: "epochs", figures: { box_map50: 0.5 } } });
    const label = (training.body["timeline"] as TaskState["timeline"]).find(({ event }) => event === "labeling.completed");
    expect(label?.data).toMatchObject({ label_path: approved.body["snapshot_key"] });
    expect(await send(app, "POST", `/labeling/${taskId}/approve`, { body: {} })).toMatchObject({ status: 409, body: { detail: expect.stringContaining("already") } });
    expect((await send(app, "GET", `/labeling/${taskId}`)).body).toMatchObject({ status: "COMPLETED", waiting: false });
    release();

    await untilStatus(app, taskId, "completed");
    const files = (await send(app, "GET", `/tasks/${taskId}/results`)).body["files"] as { name: string; bytes: number; url: string }[];
    expect(files.map(({ name, bytes }) => [name, bytes])).toEqual([["result.json", 28], ["tracks.csv", 13], ["annotated.mp4", 10]]);
    const [, csv, video] = files;
    expect(await send(app, "GET", csv!.url)).toMatchObject({ status: 200, headers: { "content-type": "text/csv; charset=utf-8", "content-disposition": 'attachment; filename="tracks.csv"' } });
    const ranges: [string, number, string][] = [["bytes=2-4", 206, "234"], ["bytes=7-", 206, "789"], ["bytes=-2", 206, "89"], ["bytes=5-99", 206, "56789"], ["bytes=-99", 206, "0123456789"], ["bytes=4-2", 200, "0123456789"], ["lines=1-2", 200, "0123456789"]];
    for (const [range, status, text] of ranges) expect(await send(app, "GET", video!.url, { headers: { range } }), range).toMatchObject({ status, text, headers: { "content-type": "video/mp4", "content-length": String(text.length) } });
    expect(await send(app, "GET", video!.url, { headers: { range: "bytes=10-" } })).toMatchObject({ status: 416, body: { field: "Range" } });
    expect(await app.inject({ method: "HEAD", url: video!.url })).toMatchObject({ statusCode: 200, payload: "", headers: { "content-length": "10", "accept-ranges": "bytes" } });
    for (const name of ["notebook.ipynb", "model.pt", "..%2f..%2fauth%2fkeys.json", "segments"]) expect((await send(app, "GET", `/tasks/${taskId}/results/${name}`)).status, name).toBe(404);
    // To the parser of addresses that is /tasks/{id}/, which cannot be read.
    expect((await send(app, "GET", `/tasks/${taskId}/results/%2e%2e`)).status).toBe(405);

    // Nothing changes any more.
    for (const [method, url, body] of [["POST", `/tasks/${taskId}/cancel`, {}], ["POST", `/tasks/${taskId}/retry`, { step: "training" }], ["POST", `/labeling/${taskId}/approve`, {}], ["PUT", `/labeling/${taskId}/frames/0`, { version: 3, reviewed: true, objects: [] }]] as const) {
      expect(await send(app, method, url, { body }), url).toMatchObject({ status: 409, body: { detail: expect.stringContaining("ended") } });
    }
    const row = await until("the list to know the end", 20, async () => ((await send(app, "GET", "/tasks/?limit=500")).body["tasks"] as { task_id: string; status: string }[]).find((task) => task.task_id === taskId && task.status === "completed"));
    expect(row).toMatchObject({ step: "upload", waiting_for: null });
  });

  it("goes on after a retry with corrected settings", async () => {
    const taskId = await make({ num_animals: 13 });
    const parked = await untilStatus(app, taskId, "parked");
    expect((parked["steps"] as TaskState["steps"])[2]).toMatchObject({ name: "preinference", status: "parked", reason: "13 brings bad luck", what_to_do: "use another number" });
    const retry = (body: object) => send(app, "POST", `/tasks/${taskId}/retry`, { body });
    expect(await retry({ step: "training" })).toMatchObject({ status: 409, body: { field: "step" } });
    expect(await retry({ step: "preinference", settings: { num_animal: 2 } })).toMatchObject({ status: 400, body: { field: "settings.num_animal", what_to_do: "did you mean settings.num_animals?" } });
    expect(await retry({ step: "preinference", settings: { training: { task: "pose" } } })).toMatchObject({ status: 400, body: { field: "training.task" } });
    expect(await retry({ step: "download", settings: { file_path: "/etc/passwd" } })).toMatchObject({ status: 400, body: { field: "file_path" } });
    expect(await retry({ step: "preinference", settings: { num_animals: 2, training: { epochs: 5 } } })).toMatchObject({ status: 202, body: {} });
    const waiting = await untilStatus(app, taskId, "waiting");
    expect(waiting["settings"]).toMatchObject({ num_animals: 2, training: { epochs: 5, seed: 0 } });
    expect((await send(app, "POST", `/tasks/${taskId}/cancel`)).status).toBe(202);
    expect(await untilStatus(app, taskId, "cancelled")).toMatchObject({ waiting_for: null });
  });

  it("asks Temporal about a task once for all who ask within a second", async () => {
    const taskId = await make();
    await untilStatus(app, taskId, "waiting");
    let asked = 0;
    const counting = await lab.app({ temporal: { ...lab.temporal, state: (id) => (asked++, lab.temporal.state(id)) } });
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(counting, "GET", `/status/${taskId}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(asked).toBe(1);
  });
});

describe("approved while no worker runs", () => {
  it("trains the labels of the moment of approval, not what was edited after it", async () => {
    await lab.startWorkers();
    const taskId = await make();
    await untilStatus(app, taskId, "waiting");
    await lab.stopWorkers();
    for (const frame of [0, 10, 20]) expect((await review(taskId, frame)).status).toBe(200);

    const other = await lab.app(); // Nothing remembered: all it knows is what Temporal says without a worker.
    expect((await send(other, "GET", `/status/${taskId}`)).body).toMatchObject({ answered_by: "temporal", status: "waiting" });
    const approved = await send(other, "POST", `/labeling/${taskId}/approve`, { body: {} });
    expect(approved.status, approved.text).toBe(202);
    expect((await review(taskId, 0, 1, [{ ...object, box: [5, 5, 6, 6] }])).status).toBe(200);

    await lab.startWorkers();
    await untilStatus(app, taskId, "completed");
    const state = await lab.env.client.workflow.getHandle(workflowIdOf(taskId)).query(stateQuery);
    const snapshot = JSON.parse((await lab.storage.read(approved.body["snapshot_key"] as string)).toString()) as { frames: { objects: object[] }[] };
    expect(state.steps.find(({ name }) => name === "labeling")?.result).toMatchObject({ snapshotKey: approved.body["snapshot_key"], sha256: approved.body["sha256"], frames: 3 });
    expect(snapshot.frames[0]!.objects).toEqual([object]);
    await lab.stopWorkers();
  });
});
