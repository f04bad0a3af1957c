import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FrameList } from "../../../domain/labels.ts";
import { frameKeys, videoKeys } from "../../../domain/layout.ts";
import { readJson } from "../../storage/storage.ts";
import { boxOf, drawn, SETTINGS, TASK, writeFrames } from "../contract.test-suite.ts";
import { createHarness, removeFolders, SECRET, TITLE, type CvatHarness } from "./cvat-harness.test-tools.ts";
import { startCvatServer, type CvatServer, type Fault } from "./cvat-server.test-tools.ts";
import { createCvatLabeling } from "./index.ts";

const of = { taskId: TASK, round: 1 };
const request = { ...of, title: TITLE, settings: SETTINGS };

describe("making the labeling task in CVAT", () => {
  let server: CvatServer;
  let harness: CvatHarness;
  beforeEach(async () => {
    server = await startCvatServer({ polls: 0 });
    harness = await createHarness(server, { framesPerJob: 4 });
    await writeFrames(harness.storage);
  });
  afterEach(() => server.close());
  afterAll(removeFolders);

  const counts = () => ({ projects: server.store.projects.size, tasks: server.store.tasks.size, webhooks: server.store.webhooks.size, jobs: server.store.jobs.size });
  const only = { projects: 1, tasks: 1, webhooks: 1, jobs: 3 };
  const setFrames = async (numbers: number[]): Promise<void> => {
    const list = await readJson<FrameList>(harness.storage, frameKeys(TASK, 1).list);
    const frames = numbers.map((frame) => ({ frame, time: frame / 25, image_key: frameKeys(TASK, 1).image(frame) }));
    for (const { image_key } of frames) await harness.storage.put(image_key, "an image");
    await harness.storage.put(frameKeys(TASK, 1).list, JSON.stringify({ ...list, frames }));
  };

  it("names it, gives it labels and a webhook with the secret, and says where it is", async () => {
    await harness.tool.request(request);
    const [[project], [task], [hook]] = [[...server.store.projects.values()], [...server.store.tasks.values()], [...server.store.webhooks.values()]];
    expect(project!.labels.map(({ name, type, sublabels }) => [name, type, sublabels.map((sublabel) => sublabel.name)])).toEqual([["fly", "skeleton", ["head", "wingL", "wingR"]], ["fly box", "rectangle", []]]);
    expect(project!.labels[0]!.svg).not.toContain("data-label-name");
    expect([project!.name, task!.name]).toEqual([TITLE, TITLE]);
    expect([...task!.data!.files.keys()].slice(0, 2)).toEqual(["00000000.jpg", "00000025.jpg"]);
    expect(hook).toMatchObject({ target_url: "http://127.0.0.1:9/webhooks/cvat", secret: SECRET, events: ["update:job"], project_id: project!.id, is_active: true });
    expect(await harness.tool.url(of)).toBe(`${server.url}/tasks/${task!.id}`);
  });

  it("draws rectangles alone where the task has no keypoints", async () => {
    await harness.tool.request({ ...request, settings: { ...SETTINGS, keypoints: [], skeleton: [] } });
    expect([...server.store.projects.values()][0]!.labels.map(({ name, type }) => [name, type])).toEqual([["fly", "rectangle"]]);
    expect((await harness.tool.read(of))[0]!.objects).toMatchObject([{ id: "m1", class: "fly", keypoints: [], source: "motion" }]);
  });

  it("is finished after any one request failed, or only its answer was lost: one project, one task, one webhook, every pre-label once", async () => {
    server.asked.splice(0);
    await harness.tool.request(request);
    const total = server.asked.length;
    for (const when of ["before", "after"] as const) {
      for (let broken = 0; broken < total; broken++) {
        harness = await createHarness(server, { framesPerJob: 4 });
        await writeFrames(harness.storage);
        let count = 0;
        const fault: Fault = { when, matches: () => count++ === broken, status: 502 };
        server.faults.push(fault);
        const first = await harness.tool.request(request).catch((error: unknown) => error);
        server.faults.splice(0);
        expect(first).toMatchObject({ name: "CvatError", status: 502 });
        expect(await harness.tool.request(request)).toEqual({ frames: 10, prelabeled: 5 });
        expect(counts()).toEqual(only);
        expect(await harness.tool.progress(of)).toEqual({ frames: 10, reviewed: 0, prelabeled: 5, objects: 5 });
      }
    }
  });

  it("is one task however many ask at once", async () => {
    await Promise.allSettled(Array.from({ length: 4 }, () => harness.tool.request(request)));
    await harness.tool.request(request);
    expect(counts()).toEqual(only);
    expect(await harness.tool.progress(of)).toEqual({ frames: 10, reviewed: 0, prelabeled: 5, objects: 5 });
  });

  it("never sends pre-labels again over what people drew, even where they deleted all", async () => {
    await harness.tool.request(request);
    await harness.label({ round: 1, frame: 0, objects: [], reviewed: false, by: "ann" });
    await harness.label({ round: 1, frame: 50, objects: [drawn("a", 60)], reviewed: false, by: "ann" });
    await harness.tool.request(request);
    const frames = await harness.tool.read(of);
    expect(frames[0]!.objects).toEqual([]);
    expect(frames[2]!.objects).toMatchObject([{ source: "person", box: [60, 10, 100, 50] }]);
  });

  it("keeps the labels of the frames that stay when other frames are wanted", async () => {
    await harness.tool.request(request);
    await harness.label({ round: 1, frame: 25, objects: [drawn("a", 60)], reviewed: true, by: "ann" });
    await setFrames([25, 30, 100]);
    await expect(harness.tool.read(of)).rejects.toMatchObject({ name: "InputError", status: 409 });
    await harness.tool.request(request);
    expect(counts()).toMatchObject({ projects: 1, tasks: 1, webhooks: 1 });
    const frames = await harness.tool.read(of);
    expect(frames.map(({ frame, status, objects }) => [frame, status, objects.length])).toEqual([[25, "prelabeled", 1], [30, "unlabeled", 0], [100, "prelabeled", 1]]);
    expect(frames[0]!.objects[0]).toMatchObject({ source: "person", box: [60, 10, 100, 50], keypoints: [[65, 20, 2], [69, 30, 1], [0, 0, 0]] });
    expect(frames[2]!.objects[0]).toMatchObject({ source: "motion" });
  });

  it("begins anew with another video, though its frames have the same numbers", async () => {
    const video = (bytes: number) => harness.storage.put(videoKeys(TASK).meta, JSON.stringify({ bytes, num_frames: 250, width: 640, height: 480 }));
    await video(1);
    await harness.tool.request(request);
    await harness.label({ round: 1, frame: 25, objects: [drawn("a", 60)], reviewed: true, by: "ann" });
    await video(2);
    await harness.tool.request(request);
    expect(counts()).toEqual(only);
    expect((await harness.tool.read(of))[1]).toMatchObject({ frame: 25, status: "unlabeled", objects: [] });
  });

  it("begins anew with another video even where the first attempt at the old one was cut off", async () => {
    const video = (bytes: number) => harness.storage.put(videoKeys(TASK).meta, JSON.stringify({ bytes, num_frames: 250, width: 640, height: 480 }));
    await video(1);
    server.faults.push({ when: "before", matches: (_method, path) => path.includes("/annotations"), status: 500 });
    await expect(harness.tool.request(request)).rejects.toMatchObject({ name: "CvatError" });
    const [old] = [...server.store.tasks.keys()];
    await video(2);
    await harness.tool.request(request);
    expect([...server.store.tasks.keys()]).not.toContain(old);
    expect(counts()).toEqual(only);
  });

  it("makes it anew where CVAT lost it, and says so to whoever reads in between", async () => {
    await harness.tool.request(request);
    server.store.projects.clear();
    server.store.tasks.clear();
    await expect(harness.tool.read(of)).rejects.toMatchObject({ name: "InputError", status: 404, whatToDo: expect.stringContaining("ACTVERSE_CVAT_URL") as string });
    await harness.tool.request(request);
    expect(await harness.tool.progress(of)).toEqual({ frames: 10, reviewed: 0, prelabeled: 5, objects: 5 });
  });

  it("gives the webhook its new address and secret, and switches it on again", async () => {
    await harness.tool.request(request);
    [...server.store.webhooks.values()][0]!.is_active = false;
    const secret = "s".repeat(100);
    await createCvatLabeling({ ...server, storage: harness.storage, publicUrl: "https://other.example.org/", webhookSecret: secret }).request(request);
    const [hook, ...more] = [...server.store.webhooks.values()];
    expect(more).toEqual([]);
    expect(hook).toMatchObject({ target_url: "https://other.example.org/webhooks/cvat", is_active: true });
    expect(hook!.secret).toMatch(/^[0-9a-f]{64}$/);
  });

  it("names a further round's task so that both can be told apart and end in the task's id", async () => {
    await writeFrames(harness.storage, { count: 3, round: 2 });
    await harness.tool.request(request);
    await harness.tool.request({ ...request, round: 2 });
    expect([...server.store.tasks.values()].map(({ name }) => name)).toEqual([`flies - ${TASK}`, `flies (round 2) - ${TASK}`]);
    expect(server.store.projects.size).toBe(1);
  });

  it("refuses what CVAT cannot give: who labeled is not known there", async () => {
    const settings = { ...SETTINGS, labeling: { ...SETTINGS.labeling, reviewer_not_labeler: true } };
    await expect(harness.tool.request({ ...request, settings })).rejects.toMatchObject({ name: "InputError", field: "labeling.reviewer_not_labeler", status: 422 });
    expect(counts()).toMatchObject({ projects: 0 });
  });

  it("says when a label was renamed in CVAT", async () => {
    await harness.tool.request(request);
    [...server.store.projects.values()][0]!.labels[1]!.name = "Fliege";
    await expect(harness.tool.read(of)).rejects.toMatchObject({ name: "InputError", message: expect.stringContaining('"fly box" is missing') as string });
  });

  it("tells apart what CVAT refuses, what is lost and what is worth another try", async () => {
    const withToken = createCvatLabeling({ ...server, token: "wrong", storage: harness.storage, publicUrl: "https://a.example.org", webhookSecret: SECRET });
    await expect(withToken.request(request)).rejects.toMatchObject({ name: "InputError", status: 403, whatToDo: expect.stringContaining("ACTVERSE_CVAT_TOKEN") as string });
    const nowhere = createCvatLabeling({ ...server, url: "http://127.0.0.1:9", storage: harness.storage, publicUrl: "https://a.example.org", webhookSecret: SECRET });
    await expect(nowhere.request(request)).rejects.toMatchObject({ name: "CvatError", status: null, url: expect.stringContaining("http://127.0.0.1:9/api/projects") as string });
    server.faults.push({ when: "before", matches: (_method, path) => path.includes("/data"), status: 500, body: "no room on the disk" });
    await expect(harness.tool.request(request)).rejects.toMatchObject({ name: "CvatError", status: 500, message: expect.stringContaining("no room on the disk") as string });
    const login = createCvatLabeling({ ...server, token: "a".repeat(40), storage: harness.storage, publicUrl: "https://a.example.org", webhookSecret: SECRET });
    expect(await login.request(request)).toEqual({ frames: 10, prelabeled: 5 });
  });

  it("hands on why CVAT could not take the frames", async () => {
    await harness.storage.put(frameKeys(TASK, 1).list, JSON.stringify({ task_id: TASK, width: 640, height: 480, frames: [{ frame: 0, time: 0, image_key: "broken.bin" }] }));
    await harness.storage.put("broken.bin", "no image at all");
    await expect(harness.tool.request(request)).rejects.toMatchObject({ name: "CvatError", message: expect.stringContaining("could not take the frames") as string });
  });

  it("sends many frames in parts", async () => {
    const numbers = Array.from({ length: 230 }, (_, i) => i);
    await setFrames(numbers);
    await harness.tool.request(request);
    expect(server.asked.filter((line) => line.startsWith("POST") && line.includes("/data"))).toHaveLength(2 + 3);
    expect([...server.store.tasks.values()][0]!.data!.frames.map(({ name }) => Number(name.slice(0, 8)))).toEqual(numbers);
    expect(boxOf("m1", 100).box).toEqual((await harness.tool.read(of))[0]!.objects[0]!.box);
  });
});
