import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../../domain/errors.ts";
import { checkObjects } from "../../../domain/label-rules.ts";
import type { LabeledObject, Prelabels } from "../../../domain/labels.ts";
import { frameKeys, labelKeys, videoKeys } from "../../../domain/layout.ts";
import type { TaskSettings } from "../../../domain/task.ts";
import { openPage, startBrowser } from "../../../test/browser.ts";
import { startLabelStudio, type LabelStudioServer } from "../../../test/label-studio-server.ts";
import { createLocalStorage } from "../../storage/local.ts";
import type { Storage } from "../../storage/storage.ts";
import { drawn, labelingContract, SETTINGS, TASK, writeFrames } from "../contract.test-suite.ts";
import type { ExternalLabeling, WebhookReading } from "../labeling.ts";
import { createLabelStudioLabeling } from "./index.ts";
import { drawInEditor } from "./editor.test-tools.ts";
import { createLabeler, type Labeler } from "./labeler.test-tools.ts";
import { toResults } from "./to-results.ts";
import type { Hook } from "./wire.ts";

const SECRET = "a secret for the tests";
let server: LabelStudioServer;
let labelers: Labeler;
const folders: string[] = [];
beforeAll(async () => {
  server = await startLabelStudio();
  labelers = createLabeler(server);
}, 400_000);
afterAll(async () => {
  await server?.stop();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

async function newStorage(): Promise<Storage> {
  const root = await mkdtemp(join(tmpdir(), "actverse-label-studio-"));
  folders.push(root);
  return createLocalStorage({ root });
}
const toolFor = (storage: Storage, more: { token?: string; publicUrl?: string } = {}): ExternalLabeling => createLabelStudioLabeling({ storage, url: server.url, token: server.token, publicUrl: "http://127.0.0.1:9", webhookSecret: SECRET, ...more });

labelingContract("Label Studio", async () => {
  await labelers.clear();
  const storage = await newStorage();
  const label = { size: { width: 640, height: 480 }, keypoints: SETTINGS.keypoints };
  return { storage, tool: toolFor(storage), label: ({ round, frame, objects, reviewed, by }) => labelers.submit({ title: round === 1 ? `flies - ${TASK}` : `flies r${round} - ${TASK}`, frame, by }, { ...label, objects, review: reviewed ? "Approved" : null }) };
});

describe("Label Studio, the real one", () => {
  const of = { taskId: TASK, round: 1 };
  const title = `flies - ${TASK}`;
  const request = { ...of, title, settings: SETTINGS };
  let storage: Storage;
  let tool: ExternalLabeling;
  /** `by` draws and chooses; objects stay as suggested where none are given. */
  const submit = (frame: number, review: "Approved" | "Rejected" | null, more: { objects?: LabeledObject[]; by?: string; another?: boolean } = {}) =>
    labelers.submit({ title, frame, by: more.by ?? "ann" }, { size: { width: 640, height: 480 }, keypoints: SETTINGS.keypoints, review, ...more });

  beforeEach(async () => {
    await labelers.clear();
    storage = await newStorage();
    tool = toolFor(storage);
  });

  it("gives back to the last digit what is accepted as suggested, and without loss what is drawn", async () => {
    await writeFrames(storage, { count: 2 });
    const settings: TaskSettings = { ...SETTINGS, classes: ["cow & calf", " head"], keypoints: ["head", "wing L", "wing (R)"] };
    const suggested: LabeledObject[] = [
      { id: "m1", class: "cow & calf", box: [1 / 3, 2 / 3, 301.7, 200.25], keypoints: [[12.1, 13.9, 2], [639.99, 0.01, 1], [0, 0, 0]], source: "model:global@4", confirmed: false, score: 0.61 },
      { id: "m2", class: " head", box: [100, 100, 640, 480], keypoints: [[0, 0, 0], [150, 150, 1], [160, 160, 2]], track: "blue 7", source: "model:global@4", confirmed: false, score: 0.5 },
    ];
    await storage.put(labelKeys(TASK, 1).prelabels, JSON.stringify({ source: "model:global@4", frames: [{ frame: 0, objects: suggested }] } satisfies Prelabels));
    await tool.request({ ...request, settings });
    await labelers.submit({ title, frame: 0, by: "ann" }, { review: "Approved" });
    const own = suggested.map((object, i) => ({ ...object, id: `p${i}`, box: object.box.map((value) => Math.min(value + 0.123, 480)) }));
    await labelers.submit({ title, frame: 25, by: "bob" }, { size: { width: 640, height: 480 }, keypoints: settings.keypoints, objects: own, review: "Approved" });

    const [first, second] = await tool.read(of);
    expect(first!.objects).toEqual(suggested.map((object) => ({ ...object, confirmed: true })));
    expect(first).toMatchObject({ frame: 0, status: "reviewed", updated_by: "ann@lab.example" });
    expect(second).toMatchObject({ status: "reviewed", updated_by: "bob@lab.example" });
    for (const [i, object] of second!.objects.entries()) {
      const { score: _none, box, ...rest } = own[i]!;
      expect(object).toEqual({ ...rest, box: object.box, source: "person", confirmed: true });
      for (const [j, value] of object.box.entries()) expect(value).toBeCloseTo(box[j]!, 5);
    }
    for (const frame of [first!, second!]) checkObjects({ frame: frame.frame, width: 640, height: 480, classes: settings.classes, keypoints: settings.keypoints }, frame.objects);
  });

  it("goes on where an interrupted attempt stopped, and makes everything once", async () => {
    await writeFrames(storage, { count: 4 });
    let reads = 0;
    const failing: Storage = { ...storage, read: (key) => (key.endsWith(".jpg") && ++reads === 3 ? Promise.reject(new Error("the disk is away")) : storage.read(key)) };
    await expect(toolFor(failing).request(request)).rejects.toThrow("the disk is away");
    await expect(tool.read(of)).rejects.toMatchObject({ name: "InputError", status: 404 });
    // Uploaded, but not imported any more.
    const uploaded: Storage = { ...storage, read: (key) => (key.endsWith(".jpg") && ++reads === 8 ? Promise.reject(new Error("the disk is away again")) : storage.read(key)) };
    await expect(toolFor(uploaded).request(request)).rejects.toThrow("again");
    await expect(tool.request(request)).resolves.toEqual({ frames: 4, prelabeled: 2 });
    await Promise.all([tool.request(request), toolFor(storage).request(request)]);

    const { projects, tasks, hooks } = await labelers.everything();
    expect(projects.map((project) => project.title)).toEqual([title]);
    expect(tasks.map(({ data }) => data["frame"])).toEqual([0, 25, 50, 75]);
    expect(tasks.map(({ predictions }) => predictions.map(({ model_version: name }) => name))).toEqual([["motion"], [], ["motion"], []]);
    expect(hooks.map(({ url, headers }) => [url, headers])).toEqual([[`http://127.0.0.1:9/webhooks/label-studio/${TASK}`, { "x-actverse-secret": SECRET, "x-actverse-round": "1" }]]);
    // The pictures are there for a browser.
    for (const { data } of tasks) expect(await labelers.picture(String(data["image"]))).toBe(`image ${String(data["frame"])}`);
  });

  it("finds its project again after people renamed it, and puts its webhook right", async () => {
    await writeFrames(storage, { count: 1 });
    await tool.request(request);
    const { projects, hooks } = await labelers.everything();
    const owner = await server.person("owner@lab.example");
    await owner.call("PATCH", `/api/projects/${projects[0]!.id}/`, { title: "my flies" });
    await owner.call("PATCH", `/api/webhooks/${hooks[0]!.id}/`, { is_active: false, url: hooks[0]!.url });
    await toolFor(storage, { publicUrl: "http://127.0.0.1:10" }).request(request);
    const after = await labelers.everything();
    expect(after.projects).toHaveLength(1);
    expect(after.hooks.map(({ url, is_active }: Hook) => [url, is_active])).toEqual([[`http://127.0.0.1:10/webhooks/label-studio/${TASK}`, true]]);
    expect(await tool.url(of)).toBe(`${server.url}/projects/${projects[0]!.id}/data`);
  });

  it("follows when frames or suggestions are made anew: labels of frames that stay are kept, of another video none", async () => {
    await storage.put(videoKeys(TASK).meta, JSON.stringify({ bytes: 100, num_frames: 250, width: 640, height: 480 }));
    await writeFrames(storage, { count: 4 });
    await tool.request(request);
    await submit(0, "Approved");
    await submit(75, "Approved", { objects: [drawn("a", 60)] });

    // Two frames fewer, of which one is labeled; one new; other suggestions.
    const keys = frameKeys(TASK, 1);
    const list = [0, 50, 110].map((frame) => ({ frame, time: frame / 25, image_key: keys.image(frame) }));
    await storage.put(keys.image(110), "image 110");
    await storage.put(keys.list, JSON.stringify({ task_id: TASK, width: 640, height: 480, frames: list }));
    const better: LabeledObject = { id: "n1", class: "fly", box: [10, 20, 30, 40], keypoints: [[0, 0, 0], [0, 0, 0], [0, 0, 0]], source: "model:global@2", confirmed: false, score: 0.9 };
    await storage.put(labelKeys(TASK, 1).prelabels, JSON.stringify({ source: "model:global@2", frames: list.map(({ frame }) => ({ frame, objects: [better] })) } satisfies Prelabels));
    expect(await tool.request(request)).toEqual({ frames: 3, prelabeled: 3 });
    const read = await tool.read(of);
    expect(read.map(({ frame, status }) => [frame, status])).toEqual([[0, "reviewed"], [50, "prelabeled"], [110, "prelabeled"]]);
    const now = await labelers.everything();
    expect(now.tasks.map(({ data, predictions }) => [data["frame"], predictions.map(({ model_version: name }) => name)])).toEqual([[0, ["model:global@2"]], [50, ["model:global@2"]], [75, []], [110, ["model:global@2"]]]);
    expect(now.projects[0]!.model_version).toBe("model:global@2");

    await storage.put(videoKeys(TASK).meta, JSON.stringify({ bytes: 101, num_frames: 250, width: 640, height: 480 }));
    await tool.request(request);
    expect(await tool.progress(of)).toEqual({ frames: 3, reviewed: 0, prelabeled: 3, objects: 3 });
    expect((await labelers.everything()).tasks.map(({ data }) => data["frame"])).toEqual([0, 50, 110]);
  });

  it("reads more frames than fit into one page, and approves them", { timeout: 300_000 }, async () => {
    await writeFrames(storage, { count: 130 });
    await tool.request(request);
    await submit(0, "Approved");
    await submit(129 * 25, "Approved", { objects: [] });
    expect((await tool.read(of)).filter(({ status }) => status === "reviewed").map(({ frame }) => frame)).toEqual([0, 129 * 25]);
    await expect(tool.approval({ ...of, allowPartial: false })).rejects.toMatchObject({ status: 422, message: expect.stringMatching(/^128 of 130 frames/) as string });
    expect((await tool.approval({ ...of, allowPartial: true })).frames).toHaveLength(130);
    // Somebody draws between the first page and the second: what is approved is of one moment, after that.
    const fetched = globalThis.fetch;
    let pages = 0;
    globalThis.fetch = async (...call) => {
      if (typeof call[0] === "string" && call[0].includes("page=2") && ++pages === 1) {
        globalThis.fetch = fetched;
        await submit(0, "Approved", { objects: [drawn("late", 200)] });
        await submit(129 * 25, "Approved", { objects: [drawn("later", 300)] });
      }
      return await fetched(...call);
    };
    const { frames } = await tool.approval({ ...of, allowPartial: true }).finally(() => (globalThis.fetch = fetched));
    expect(pages).toBe(1);
    expect([frames[0]!.objects[0]!.id, frames[129]!.objects[0]!.id]).toEqual(["late", "later"]);
  });

  it("approves when the latest annotation of every frame says Approved, and knows who gave the last", async () => {
    await writeFrames(storage, { count: 3 });
    await tool.request(request);
    await expect(tool.approval({ ...of, allowPartial: true })).rejects.toMatchObject({ name: "InputError", status: 422 });
    await submit(0, "Approved");
    await submit(25, null, { objects: [drawn("a", 60)] });
    await submit(50, "Rejected");
    await expect(tool.approval({ ...of, allowPartial: false })).rejects.toMatchObject({ message: "2 of 3 frames are not approved in Label Studio: 25, 50 (1 rejected)." });
    const partial = await tool.approval({ ...of, allowPartial: true });
    expect(partial.frames.map(({ status }) => status)).toEqual(["reviewed", "prelabeled", "prelabeled"]);
    expect(partial.frames[2]).toMatchObject({ comment: "Rejected without a comment." });

    for (const frame of [50, 25]) await submit(frame, "Approved", { by: "bob" });
    expect((await tool.approval({ ...of, allowPartial: false })).approvedBy).toBe("bob@lab.example");
    // The labeler of 0 approved it; of the others, somebody else did.
    await tool.request({ ...request, settings: { ...SETTINGS, labeling: { ...SETTINGS.labeling, reviewer_not_labeler: true } } });
    await expect(tool.approval({ ...of, allowPartial: false })).rejects.toMatchObject({ message: "1 of the frames were approved by whoever labeled them (the first is 0)." });
    await submit(0, "Approved", { by: "bob" });
    const { frames: approved, approvedBy } = await tool.approval({ ...of, allowPartial: false });
    expect([approvedBy, ...approved.map(({ updated_by: by }) => by)]).toEqual(["bob@lab.example", "ann@lab.example", "ann@lab.example", "ann@lab.example"]);

    // A second annotation, by somebody else, is the one that counts.
    await submit(0, null, { by: "eve", another: true });
    await expect(tool.approval({ ...of, allowPartial: false })).rejects.toThrow("1 of 3 frames are not approved in Label Studio: 0.");
  });

  it("refuses what cannot be learned from, once somebody approves it", async () => {
    await writeFrames(storage, { count: 2 });
    await tool.request(request);
    await submit(0, "Approved");
    const rotated = toResults([drawn("a", 60)], SETTINGS.keypoints, { width: 640, height: 480 }).map((item) => (item.type === "rectanglelabels" ? { ...item, value: { ...item.value, rotation: 15 } } : item));
    await labelers.submit({ title, frame: 25, by: "ann" }, { result: rotated, review: null });
    await expect(tool.read(of)).rejects.toMatchObject({ name: "InputError", status: 422, message: "Frame 25 in Label Studio: a fly is rotated by 15 degrees." });
    expect(await tool.progress(of)).toMatchObject({ frames: 2, reviewed: 1 });
    expect((await tool.approval({ ...of, allowPartial: true })).frames.map(({ status }) => status)).toEqual(["reviewed", "unlabeled"]);
    await labelers.submit({ title, frame: 25, by: "ann" }, { result: rotated, review: "Approved" });
    await expect(tool.approval({ ...of, allowPartial: true })).rejects.toBeInstanceOf(InputError);
  });

  it("sends back a frame that nobody annotated yet, with its suggestion", async () => {
    await writeFrames(storage, { count: 2 });
    await tool.request(request);
    await tool.reject({ ...of, comments: [{ frame: 0, comment: "two flies, not one" }], by: "bob" });
    expect((await tool.read(of))[0]).toMatchObject({ status: "prelabeled", comment: "two flies, not one", objects: [{ id: "m1", source: "motion", score: 0.8 }] });
    await expect(tool.reject({ ...of, comments: [{ frame: 0, comment: "x" }, { frame: 7, comment: "y" }], by: "bob" })).rejects.toMatchObject({ status: 404, field: "frame" });
    expect((await tool.read(of))[0]!.comment).toBe("two flies, not one");
  });

  it("says what to do when the project is gone, and makes a new one on request", async () => {
    await writeFrames(storage, { count: 2 });
    await tool.request(request);
    await labelers.clear();
    for (const ask of [() => tool.read(of), () => tool.progress(of), () => tool.approval({ ...of, allowPartial: false })]) await expect(ask()).rejects.toMatchObject({ name: "InputError", status: 404, field: "labeling.tool" });
    expect(await tool.request(request)).toEqual({ frames: 2, prelabeled: 1 });
    expect(await tool.progress(of)).toMatchObject({ frames: 2 });
  });

  it("works with a legacy token, where those are allowed, and refuses a withdrawn one", async () => {
    await writeFrames(storage, { count: 1 });
    const owner = await server.person("owner@lab.example");
    const { token } = await owner.call<{ token: string }>("GET", "/api/current-user/token");
    const old = toolFor(storage, { token });
    await expect(old.request(request)).rejects.toMatchObject({ name: "InputError", status: 403, field: "ACTVERSE_LABEL_STUDIO_TOKEN" });
    await owner.call("POST", "/api/jwt/settings", { api_tokens_enabled: true, legacy_api_tokens_enabled: true });
    await expect(old.request(request)).resolves.toMatchObject({ frames: 1 });
    await owner.call("POST", "/api/jwt/settings", { api_tokens_enabled: true, legacy_api_tokens_enabled: false });
  });

  describe("and its webhooks", () => {
    let hook: Server;
    let readings: (WebhookReading | null)[];
    let bodies: { headers: Record<string, string | undefined>; body: Buffer; pathTaskId: string | null }[];
    beforeEach(async () => {
      readings = [];
      bodies = [];
      hook = createServer((incoming, response) => {
        const parts: Buffer[] = [];
        incoming.on("data", (data: Buffer) => parts.push(data));
        incoming.on("end", () => {
          const delivery = { headers: incoming.headers as Record<string, string>, body: Buffer.concat(parts), pathTaskId: incoming.url!.split("/").at(-1)! };
          bodies.push(delivery);
          void tool.webhook(delivery).then((reading) => {
            readings.push(reading);
            return response.end();
          });
        });
      });
      await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
      tool = toolFor(storage, { publicUrl: `http://127.0.0.1:${(hook.address() as AddressInfo).port}` });
    });
    const said = () => readings.splice(0).map((reading) => reading?.says);

    it("claims approval with the last frame, and tells of rejections and of what is opened again", async () => {
      await writeFrames(storage, { count: 3 });
      await tool.request(request);
      expect(said()).toEqual([]);
      await submit(0, "Approved");
      await submit(50, "Approved");
      expect(said()).toEqual(["nothing", "nothing"]);
      await submit(25, null, { objects: [drawn("a", 60)] });
      expect(said()).toEqual(["nothing"]);
      await submit(25, "Approved", { by: "bob" });
      expect(readings).toMatchObject([{ taskId: TASK, round: 1, says: "approved" }]);
      expect((await tool.approval({ ...of, allowPartial: false })).approvedBy).toBe("bob@lab.example");
      expect(said()).toEqual(["approved"]);

      await tool.reject({ ...of, comments: [{ frame: 25, comment: "the head is the tail" }], by: "bob" });
      expect(readings).toMatchObject([{ says: "rejected", comments: [{ frame: 25, comment: "the head is the tail" }] }]);
      said();
      await tool.reject({ ...of, comments: [{ frame: 25, comment: "the head is the tail" }], by: "bob" });
      expect(said()).toEqual([]);
      await submit(25, "Approved");
      await submit(0, null);
      await labelers.remove({ title, frame: 50 });
      expect(said()).toEqual(["approved", "reopened", "reopened"]);
      expect(new Set((await Promise.all(bodies.map(async (delivery) => (await tool.webhook(delivery))!.id)))).size).toBe(bodies.length);
    });

    it("asks to be read back once, when a reviewer goes through frames that were all submitted before", async () => {
      await writeFrames(storage, { count: 4 });
      await tool.request({ ...request, settings: { ...SETTINGS, labeling: { ...SETTINGS.labeling, allow_partial: true } } });
      for (const frame of [0, 25, 50, 75]) await submit(frame, null, { objects: [drawn("a", 60)] });
      for (const frame of [50, 0, 75, 25]) await submit(frame, "Approved", { by: "bob" });
      expect(said()).toEqual([...Array<string>(7).fill("nothing"), "approved"]);

      // Where Label Studio does not tell in time, a task that may leave frames out waits for a person; any other is read back.
      const away = createLabelStudioLabeling({ storage, url: "http://127.0.0.1:9", token: "t", publicUrl: "http://127.0.0.1:9", webhookSecret: SECRET });
      const last = bodies.at(-1)!;
      expect(await away.webhook(last)).toMatchObject({ says: "nothing" });
      await tool.request(request);
      expect(await away.webhook(last)).toMatchObject({ says: "approved" });
    });

    it("hears an approval in whatever order two people give the last two", async () => {
      await writeFrames(storage, { count: 2 });
      await tool.request(request);
      await Promise.all([submit(0, "Approved", { by: "ann" }), submit(25, "Approved", { by: "bob" })]);
      expect(said()).toContain("approved");
    });

    afterAll(() => hook?.close());
  });

  it("can be labeled by a person in its own pages: box, keypoint, hidden, owner, approval", { timeout: 300_000 }, async () => {
    const list = await writeFrames(storage, { count: 1 });
    await storage.put(list.frames[0]!.image_key, await sharp({ create: { width: 640, height: 480, channels: 3, background: "#888" } }).jpeg().toBuffer());
    await tool.request(request);
    const browser = await startBrowser();
    try {
      const { page } = await openPage(browser);
      await drawInEditor(page, { server, url: await tool.url(of) });
    } finally {
      await browser.close();
    }
    const [frame] = await tool.read(of);
    expect(frame).toMatchObject({ status: "reviewed", updated_by: "owner@lab.example" });
    // The suggestion was accepted; the second box, its keypoint and what belongs to what came from the mouse.
    expect(frame!.objects).toMatchObject([{ id: "m1", source: "motion", score: 0.8 }, { source: "person", class: "fly", track: "7" }]);
    const [, own] = frame!.objects;
    for (const [i, value] of [200, 200, 500, 400].entries()) expect(Math.abs(own!.box[i]! - value)).toBeLessThan(3);
    expect(own!.keypoints.map(([, , v]) => v)).toEqual([1, 0, 0]);
    expect(Math.hypot(own!.keypoints[0]![0]! - 300, own!.keypoints[0]![1]! - 300)).toBeLessThan(3);
    await expect(tool.approval({ ...of, allowPartial: false })).resolves.toMatchObject({ approvedBy: "owner@lab.example" });
  });
});
