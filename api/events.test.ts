import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { makeId } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";
import { until } from "../scripts/child.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";
import { newer } from "./live.ts";

/** Tasks as they happen, over real connections. */

let lab: Lab;
let app: App;
let base: string;
/** Looks at a task in Temporal. */
let looks: string[] = [];

beforeAll(async () => {
  lab = await startLab();
  const { temporal } = lab;
  app = await lab.app({ temporal: { ...temporal, describe: (taskId) => (looks.push(taskId), temporal.describe(taskId)) }, requestsPerMinute: 100_000 });
  base = await app.listen({ host: "127.0.0.1", port: 0 });
  await lab.startWorkers();
}, 120_000);
afterAll(() => lab.stop());

interface Message { id?: string; event: string; data: Record<string, any> } // oxlint-disable-line typescript/no-explicit-any -- a test looks at whatever came

/** A client of server-sent events: what came so far, and how the connection stands. */
function listen(taskId: string, options: { after?: string; headers?: Record<string, string> } = {}) {
  const gone = new AbortController();
  const messages: Message[] = [];
  const state = { status: 0, closed: false };
  const work = async (): Promise<void> => {
    const answer = await fetch(`${base}/tasks/${taskId}/events`, { signal: gone.signal, headers: { accept: "text/event-stream", ...options.headers, ...(options.after === undefined ? {} : { "last-event-id": options.after }) } });
    state.status = answer.status;
    let text = "";
    for await (const part of answer.body ?? []) {
      text += Buffer.from(part).toString();
      const whole = text.split("\n\n");
      text = whole.pop() ?? "";
      for (const block of whole) {
        const field = (name: string): string | undefined => block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field("data");
        if (data !== undefined) messages.push({ ...(field("id") === undefined ? {} : { id: field("id")! }), event: field("event") ?? "", data: JSON.parse(data) as Record<string, unknown> });
      }
    }
  };
  const ended = work().catch(() => undefined).then(() => void (state.closed = true));
  return { messages, state, ended, leave: () => gone.abort(), events: () => messages.map(({ event }) => event) };
}

const make = async (body: object = {}): Promise<string> => (await send(app, "POST", "/tasks/", { body: { ...lab.body, ...body } })).body["task_id"] as string;

describe("events of a task", () => {
  it("come as they happen, go on after the last one that was seen, and end with the task", async () => {
    const endTraining = lab.holdTraining();
    const taskId = await make({ labeling: { allow_partial: true } });
    const first = listen(taskId);
    await until("labels to be asked for", 30, async () => first.events().includes("labeling.requested") || null);
    expect(first.messages[0]).toMatchObject({ id: "1.0", event: "task.created", data: { event: "task.created", data: { task_id: taskId } } });
    const waiting = await until("the wait to be told", 30, async () => first.messages.findLast(({ event, data }) => event === "progress" && data["status"] === "waiting") ?? null);
    expect(waiting.data["steps"]).toEqual([{ name: "labeling", status: "waiting", progress: null }]);
    const last = first.messages.findLast(({ id }) => id !== undefined)!.id!;
    first.leave();
    await first.ended;

    const frame = (await send(app, "GET", `/labeling/${taskId}/frames/0`)).body;
    await send(app, "PUT", `/labeling/${taskId}/frames/0`, { body: { version: frame["version"] as number, reviewed: true, objects: [{ id: "a", class: "animal", box: [1, 1, 20, 20], keypoints: [], source: "person", confirmed: true }] } });
    expect((await send(app, "POST", `/labeling/${taskId}/approve`, { body: {} })).status).toBe(202);
    const second = listen(taskId, { after: last });
    await until("progress of the training", 30, async () => second.messages.find(({ event, data }) => event === "progress" && data["steps"]?.[0]?.progress?.figures?.box_map50 === 0.5) ?? null);
    endTraining();
    await second.ended;
    const lines = second.messages.filter(({ id }) => id !== undefined);
    expect(lines.map(({ event }) => event).slice(0, 2)).toEqual(["labeling.approved", "labeling.completed"]);
    expect(lines.map(({ id }) => Number(id!.split(".")[1]))).toEqual(lines.map((_, i) => Number(last.split(".")[1]) + 1 + i));
    expect(second.messages.at(-1)).toEqual({ event: "end", data: { task_id: taskId, status: "completed" } });

    // Who has seen it all is told not to come again; who comes anew sees it all, from the record.
    const again = listen(taskId, { after: lines.at(-1)!.id! });
    await again.ended;
    expect(again.state.status).toBe(204);
    const late = listen(taskId);
    await late.ended;
    expect(late.events()).toEqual([...first.messages, ...lines].filter(({ id }) => id !== undefined).map(({ event }) => event).concat("progress", "end"));
  });

  it("are the same over a WebSocket", async () => {
    const taskId = await make({ num_animals: 13 });
    const messages: Message[] = [];
    const socket = new WebSocket(`${base.replace("http", "ws")}/tasks/${taskId}/events`);
    socket.on("message", (data: Buffer) => messages.push(JSON.parse(data.toString()) as Message));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    await until("the step to be parked", 30, async () => messages.some(({ event }) => event === "step.parked") || null);
    expect(messages[0]).toMatchObject({ id: "1.0", event: "task.created" });
    await send(app, "POST", `/tasks/${taskId}/cancel`);
    expect(await closed).toBe(1000);
    expect(messages.slice(-2)).toMatchObject([{ event: "progress", data: { status: "cancelled", steps: [] } }, { event: "end", data: { status: "cancelled" } }]);
    const other = new WebSocket(`${base.replace("http", "ws")}/tasks/${taskId}/events`, { origin: "http://elsewhere.example" });
    expect(await new Promise<string>((resolve) => other.once("error", (error) => resolve(error.message)))).toContain("403");
  });

  it("of a task that only its record knows are told from there", async () => {
    const taskId = makeId();
    await lab.storage.put(taskKeys(taskId).record, JSON.stringify({ task_id: taskId, status: "completed", user_id: "ada", project: "p", round: 2, created_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-02T00:00:00Z", waiting_for: null, steps: [], settings: {}, timeline: [{ event: "task.completed", at: "2026-01-02T00:00:00Z", data: { task_id: taskId, results_path: "r" } }] }));
    const watcher = listen(taskId);
    await watcher.ended;
    expect(watcher.messages).toMatchObject([{ id: "2.0", event: "task.completed" }, { event: "progress", data: { answered_by: "record" } }, { event: "end" }]);
    const unknown = listen(makeId());
    await unknown.ended;
    expect(unknown.state.status).toBe(404);
  });

  it("go on after a while without a worker, and say who answers meanwhile", async () => {
    const taskId = await make();
    await untilStatus(app, taskId, "waiting");
    const watcher = listen(taskId);
    await until("the first look", 30, async () => watcher.events().includes("progress") || null);
    await lab.stopWorkers();
    await until("Temporal to answer", 60, async () => watcher.messages.some(({ data }) => data["answered_by"] === "temporal") || null);
    await lab.startWorkers();
    await until("the workflow to answer again", 60, async () => watcher.messages.at(-1)?.data["answered_by"] === "workflow" || null);
    // No line came twice.
    const ids = watcher.messages.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    watcher.leave();
    await watcher.ended;
  });

  it("cost Temporal one look a second, however many watch", async () => {
    const taskId = await make();
    await untilStatus(app, taskId, "waiting");
    const watchers = Array.from({ length: 500 }, () => listen(taskId));
    await until("all to be told", 60, async () => watchers.every(({ messages }) => messages.some(({ event }) => event === "progress")) || null);
    looks = [];
    const begun = Date.now();
    await sleep(5000);
    // What this machine could not do in time is not counted against it: looks per second that have passed.
    expect(looks.length).toBeLessThanOrEqual((Date.now() - begun) / 1000 + 1);
    expect(looks.length).toBeGreaterThan(0);
    await send(app, "POST", `/tasks/${taskId}/cancel`);
    await Promise.all(watchers.map(({ ended }) => ended));
    for (const { messages } of watchers) expect(messages.at(-1)).toMatchObject({ event: "end", data: { status: "cancelled" } });
    looks = [];
    await sleep(1500);
    expect(looks).toEqual([]);
  });

  it("of other people's tasks are not told", async () => {
    const keys = createKeyStore({ storage: lab.storage });
    const signedIn = async (userId: string) => ({ authorization: `Bearer ${(await keys.add({ userId, admin: false })).token}` });
    const ada = await signedIn("ada");
    const bob = await signedIn("bob");
    // A running API sees new keys a moment later.
    await until("keys to be asked for", 30, async () => (await send(app, "GET", "/tasks/")).status === 401 || null);
    const taskId = (await send(app, "POST", "/tasks/", { body: lab.body, headers: ada })).body["task_id"] as string;
    const [hers, his] = [listen(taskId, { headers: ada }), listen(taskId, { headers: bob })];
    await his.ended;
    expect(his.state.status).toBe(404);
    await until("her first event", 30, async () => hers.messages.length > 0 || null);
    hers.leave();
    await hers.ended;
  });
});

describe("lines after an id", () => {
  const timeline = ["a", "b", "c"].map((event, i) => ({ event, at: "", data: {}, ...(i === 0 ? {} : { seq: i + 5 }) })) as unknown as Parameters<typeof newer>[0]["timeline"];
  it.each([
    [null, ["3.0", "3.6", "3.7"]],
    ["3.0", ["3.6", "3.7"]],
    ["3.6", ["3.7"]],
    ["3.7", []],
    ["2.9", ["3.0", "3.6", "3.7"]],
    ["nonsense", ["3.0", "3.6", "3.7"]],
  ])("%s", (after, ids) => expect(newer({ timeline, round: 3 }, after).map(({ id }) => id)).toEqual(ids));
});
