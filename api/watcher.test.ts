import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { taskKeys } from "../domain/layout.ts";
import { settingsOf } from "../domain/settings.ts";
import type { TaskState } from "../domain/state.ts";
import type { Description } from "./temporal.ts";
import { stateFromDescription } from "./views.ts";
import { createWatcher } from "./watcher.ts";

const taskId = "0123456789ab";
const input = { taskId, settings: settingsOf({ file_path: "/a.mp4", user_id: "ada" }), createdAt: "2026-01-01T00:00:00.000Z" };
const open: Description = { taskId, kind: null, open: true, status: "running", owner: "ada", project: "p", step: "training", round: 1, createdAt: input.createdAt, endedAt: null, history: "r/9", activities: [] };
const state: TaskState = stateFromDescription(open, input);

let folder: string;
let storage: Storage;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  folder = await mkdtemp(join(tmpdir(), "actverse-"));
  storage = createLocalStorage({ root: folder });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

/** Temporal as it would answer, and how often it was asked. */
function temporal(answers: { description: Description | null; state: TaskState | null }) {
  const asked = { describe: 0, state: 0 };
  return { asked, describe: async () => (asked.describe++, answers.description), state: async () => (asked.state++, answers.state), input: async () => input };
}

describe("a watcher", () => {
  it("asks once a second, however many ask it", async () => {
    const gateway = temporal({ description: open, state });
    const watcher = createWatcher({ temporal: gateway, storage });
    const views = await Promise.all(Array.from({ length: 50 }, () => watcher.view(taskId)));
    expect(views.map((view) => view?.answeredBy)).toEqual(Array.from({ length: 50 }, () => "workflow"));
    vi.advanceTimersByTime(999);
    await watcher.view(taskId);
    expect(gateway.asked).toEqual({ describe: 1, state: 1 });
    vi.advanceTimersByTime(1);
    await watcher.view(taskId);
    expect(gateway.asked).toMatchObject({ describe: 2 });
  });

  it("asks the workflow itself again when its history has grown, and sometimes in case no worker is there any more", async () => {
    const answers = { description: open, state };
    const gateway = temporal(answers);
    const watcher = createWatcher({ temporal: gateway, storage });
    const lookAfter = async (ms: number) => (vi.advanceTimersByTime(ms), await watcher.view(taskId));
    await lookAfter(0);
    answers.description = { ...open, activities: [{ step: "training", progress: { done: 1, total: 2, unit: "epochs" } }] };
    answers.state = { ...state, status: "parked" };
    // Heartbeats are no history.
    expect((await lookAfter(1_000))?.state).toMatchObject({ status: "running", steps: expect.arrayContaining([expect.objectContaining({ name: "training", progress: { done: 1, total: 2, unit: "epochs" } })]) });
    expect(gateway.asked).toEqual({ describe: 2, state: 1 });
    answers.description = { ...open, history: "r/12" };
    expect((await lookAfter(1_000))?.state.status).toBe("parked");
    expect(gateway.asked).toEqual({ describe: 3, state: 2 });
    await lookAfter(10_000);
    expect(gateway.asked).toEqual({ describe: 4, state: 3 });
  });

  it("does not wait for a worker each time when none answers", async () => {
    const answers = { description: open, state: null as TaskState | null };
    const gateway = temporal(answers);
    const watcher = createWatcher({ temporal: gateway, storage });
    expect(await watcher.view(taskId)).toMatchObject({ answeredBy: "temporal", state: { settings: input.settings } });
    vi.advanceTimersByTime(1000);
    await watcher.view(taskId);
    expect(gateway.asked).toEqual({ describe: 2, state: 1 });
    answers.state = state;
    vi.advanceTimersByTime(2000);
    expect((await watcher.view(taskId))?.answeredBy).toBe("workflow");
  });

  it("reads the record of an ended task, and asks rarely about it", async () => {
    await storage.put(taskKeys(taskId).record, JSON.stringify({ ...state, status: "completed" }));
    const gateway = temporal({ description: { ...open, open: false, status: "completed", endedAt: "2026-01-02T00:00:00Z" }, state });
    const watcher = createWatcher({ temporal: gateway, storage });
    expect(await watcher.view(taskId)).toMatchObject({ answeredBy: "record", ended: true, state: { status: "completed" } });
    vi.advanceTimersByTime(20_000);
    await watcher.view(taskId);
    expect(gateway.asked).toEqual({ describe: 1, state: 0 });
  });

  it("says how a task ended that could not write its record", async () => {
    const gateway = temporal({ description: { ...open, open: false, status: "failed", endedAt: "2026-01-02T00:00:00Z" }, state });
    expect(await createWatcher({ temporal: gateway, storage }).view(taskId)).toMatchObject({ answeredBy: "workflow", ended: true, state: { status: "failed", ended_at: "2026-01-02T00:00:00Z" } });
  });

  it("passes an error on, and tries again a second later", async () => {
    const gateway = temporal({ description: open, state });
    const away = vi.fn(gateway.describe).mockRejectedValueOnce(new Error("away"));
    const watcher = createWatcher({ temporal: { ...gateway, describe: away }, storage });
    await expect(watcher.view(taskId)).rejects.toThrow("away");
    await expect(watcher.view(taskId)).rejects.toThrow("away");
    vi.advanceTimersByTime(1000);
    expect((await watcher.view(taskId))?.answeredBy).toBe("workflow");
  });

  it("lets nobody wait for a slow look who only wants a glance, as long as the one before is new enough", async () => {
    const answers = { description: open, state };
    const gateway = temporal(answers);
    const slow = vi.fn(gateway.describe);
    const watcher = createWatcher({ temporal: { ...gateway, describe: slow }, storage });
    expect((await watcher.glance(taskId))?.state.status).toBe("running");
    let answer: (description: Description) => void = () => {};
    slow.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    vi.advanceTimersByTime(2_000);
    expect((await watcher.glance(taskId))?.state.status).toBe("running");
    vi.advanceTimersByTime(1_001);
    const patient = watcher.glance(taskId);
    answers.state = { ...state, status: "parked" };
    answer({ ...open, history: "r/12" });
    expect((await patient)?.state.status).toBe("parked");
    expect((await watcher.glance(taskId))?.state.status).toBe("parked");
  });

  it("knows of a task that has just begun what it began with", async () => {
    const gateway = temporal({ description: open, state });
    const watcher = createWatcher({ temporal: { ...gateway, describe: () => new Promise(() => undefined) }, storage });
    watcher.began(input);
    expect(await watcher.glance(taskId)).toMatchObject({ answeredBy: "temporal", ended: false, state: { task_id: taskId, status: "running", user_id: "ada", created_at: input.createdAt, settings: input.settings } });
  });

  it("takes no old look where a new one comes soon", async () => {
    const answers = { description: open, state };
    const watcher = createWatcher({ temporal: temporal(answers), storage });
    await watcher.glance(taskId);
    answers.description = { ...open, history: "r/12" };
    answers.state = { ...state, status: "parked" };
    vi.advanceTimersByTime(1_000);
    expect((await watcher.glance(taskId))?.state.status).toBe("parked");
  });

  it("knows nothing of what nobody knows", async () => {
    expect(await createWatcher({ temporal: temporal({ description: null, state: null }), storage }).view(taskId)).toBeNull();
  });
});
