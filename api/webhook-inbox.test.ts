import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WebhookReading } from "../adapters/labeling/labeling.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { labelKeys, taskKeys } from "../domain/layout.ts";
import { createWebhookInbox } from "./webhook-inbox.ts";

const taskId = "0123456789ab";
const reading = (id: string, more: Partial<WebhookReading> = {}): WebhookReading => ({ taskId, id, says: "approved", comments: [], ...more });

let root: string;
let storage: Storage;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-inbox-"));
  storage = createLocalStorage({ root });
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** What Temporal would be told, and what it answers: true where the task runs. */
function temporal(answer: () => Promise<boolean>) {
  const told: { name: string; argument: unknown }[] = [];
  return {
    told,
    signal: async (_task: string, { name }: { name: string }, argument: unknown): Promise<boolean> => (told.push({ name, argument }), await answer()),
    describe: async () => null,
  };
}

describe("a delivery", () => {
  it("that comes again is told once; a burst of others costs one claim at a time", async () => {
    const gateway = temporal(async () => true);
    const inbox = createWebhookInbox({ storage, temporal: gateway as never });
    for (let i = 0; i < 5; i++) expect(await inbox.deliver("cvat", reading("a"))).toBe("approved");
    expect(gateway.told).toEqual([{ name: "labelingApproved", argument: { claim_id: expect.stringMatching(/^cvat-[0-9a-f]{32}$/) as string, source: "cvat" } }]);
    await Promise.all(Array.from({ length: 100 }, (_, i) => inbox.deliver("cvat", reading(`b${i}`))));
    expect(gateway.told.length).toBeLessThanOrEqual(3);
    await inbox.deliver("cvat", reading("r", { says: "rejected", round: 2, comments: [{ frame: 1, comment: "no" }] }));
    expect(gateway.told.at(-1)).toMatchObject({ name: "labelingRejected", argument: { round: 2, comments: [{ frame: 1, comment: "no" }], by: "CVAT" } });
  });

  it("that Temporal did not take counts as not received, and is told when it comes again", async () => {
    let away = true;
    const gateway = temporal(async () => (away ? await Promise.reject(new Error("away")) : true));
    const inbox = createWebhookInbox({ storage, temporal: gateway as never });
    await expect(inbox.deliver("cvat", reading("a"))).rejects.toThrow("away");
    away = false;
    expect(await inbox.deliver("cvat", reading("a"))).toBe("approved");
  });

  it("after the end changes nothing but that the reopening is noted, once; of an unknown task it is refused", async () => {
    const inbox = createWebhookInbox({ storage, temporal: temporal(async () => false) as never });
    await expect(inbox.deliver("cvat", reading("a"))).rejects.toMatchObject({ status: 404, field: "task_id" });
    await storage.put(taskKeys(taskId).record, JSON.stringify({ task_id: taskId, round: 2, status: "completed" }));
    expect(await inbox.deliver("cvat", reading("a"))).toBe("ended");
    expect(await storage.list("labels/")).toEqual([]);
    expect(await inbox.deliver("cvat", reading("b", { says: "reopened" }))).toBe("ended");
    const noted = await readJson<object>(storage, labelKeys(taskId, 2).reopened);
    expect(noted).toMatchObject({ task_id: taskId, round: 2, source: "cvat" });
    expect(await inbox.deliver("cvat", reading("c", { says: "rejected" }))).toBe("ended");
    expect(await readJson<object>(storage, labelKeys(taskId, 2).reopened)).toEqual(noted);
    expect(await inbox.deliver("cvat", reading("d", { says: "nothing" }))).toBe("nothing");
  });
});
