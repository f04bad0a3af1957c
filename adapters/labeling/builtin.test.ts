import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { snapshotHash } from "../../domain/hash.ts";
import type { Snapshot } from "../../domain/labels.ts";
import { labelKeys, videoKeys } from "../../domain/layout.ts";
import { createLocalStorage } from "../storage/local.ts";
import { readJson, type Storage } from "../storage/storage.ts";
import { createBuiltinLabeling } from "./builtin.ts";
import { drawn, labelingContract, SETTINGS, TASK, writeFrames } from "./contract.test-suite.ts";
import type { BuiltinLabeling } from "./labeling.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newStorage(): Promise<Storage> {
  const root = await mkdtemp(join(tmpdir(), "actverse-builtin-"));
  folders.push(root);
  return createLocalStorage({ root });
}

labelingContract("built in", async () => {
  const storage = await newStorage();
  const tool = createBuiltinLabeling({ storage });
  return {
    storage,
    tool,
    label: async ({ round, ...options }) => {
      const { version } = await tool.frame({ taskId: TASK, round, frame: options.frame });
      await tool.save({ taskId: TASK, round, basedOn: version, ...options });
    },
  };
});

describe("built-in labeling", () => {
  const of = { taskId: TASK, round: 1 };
  const request = { ...of, title: "t", settings: SETTINGS };
  let storage: Storage;
  let tool: BuiltinLabeling;
  const save = (frame: number, basedOn: number, more: Partial<Parameters<BuiltinLabeling["save"]>[0]> = {}) => tool.save({ ...of, frame, basedOn, reviewed: true, objects: [drawn("a", 60)], by: "ann", ...more });
  const reviewAll = async (): Promise<void> => {
    for (const { frame, version } of await tool.read(of)) await save(frame, version);
  };

  beforeEach(async () => {
    storage = await newStorage();
    tool = createBuiltinLabeling({ storage });
    await writeFrames(storage);
    await tool.request(request);
  });

  it("adds a version with each save and tells the loser of a race", async () => {
    expect(await save(25, 0)).toMatchObject({ version: 1, updated_by: "ann", status: "reviewed" });
    await expect(save(25, 0)).rejects.toMatchObject({ status: 409, field: "version" });
    for (const wrong of [2, 7, -1, 0.5, Number.NaN]) await expect(save(25, wrong)).rejects.toMatchObject({ status: 409, field: "version" });
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => save(25, 1, { by: `p${i}` })));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await tool.frame({ ...of, frame: 25 })).toMatchObject({ version: 2, updated_by: `p${results.findIndex(({ status }) => status === "fulfilled")}` });
  });

  it("finds the newest of more than nine versions", async () => {
    for (let version = 0; version < 11; version++) await save(25, version, { objects: [drawn("a", version)] });
    expect((await tool.read(of))[1]).toMatchObject({ version: 11, objects: [{ box: [10, 10, 50, 50] }] });
    expect(await tool.frame({ ...of, frame: 25 })).toMatchObject({ version: 11 });
  });

  it("refuses bad objects and unknown frames, and keeps what was there", async () => {
    await expect(save(25, 0, { objects: [{ ...drawn("a", 60), box: [0, 0, 641, 10] }] })).rejects.toMatchObject({ status: 400, field: "frames.25.objects.a.box" });
    await expect(save(26, 0)).rejects.toMatchObject({ status: 404, field: "frame" });
    expect(await tool.frame({ ...of, frame: 25 })).toMatchObject({ version: 0, status: "unlabeled" });
  });

  it("says truly whose each object is", async () => {
    const [motion] = (await tool.frame({ ...of, frame: 0 })).objects;
    const draft = await save(0, 0, { reviewed: false, objects: [motion!, { ...drawn("new", 200), source: "motion", score: 1 }] });
    expect(draft).toMatchObject({ status: "prelabeled", objects: [{ id: "m1", source: "motion", score: 0.8, confirmed: false }, { id: "new", source: "person", confirmed: false }] });
    expect(draft.objects[1]).not.toHaveProperty("score");
    const moved = { ...motion!, box: [101, 10, 141, 50] };
    const reviewed = await save(0, 1, { objects: [moved, draft.objects[1]!] });
    expect(reviewed.objects).toMatchObject([{ id: "m1", source: "person", confirmed: true }, { id: "new", source: "person", confirmed: true }]);
    expect((await save(50, 0, { objects: (await tool.frame({ ...of, frame: 50 })).objects })).objects).toMatchObject([{ source: "motion", score: 0.8, confirmed: true }]);
  });

  it("keeps a comment through drafts", async () => {
    await tool.reject({ ...of, comments: [{ frame: 0, comment: "look again" }], by: "bob" });
    expect(await save(0, 1, { reviewed: false })).toMatchObject({ comment: "look again" });
    expect(await save(0, 2)).not.toHaveProperty("comment");
    await expect(tool.reject({ ...of, comments: [{ frame: 0, comment: "x" }, { frame: 1, comment: "y" }], by: "bob" })).rejects.toMatchObject({ status: 404 });
    expect(await tool.frame({ ...of, frame: 0 })).toMatchObject({ version: 3 });
  });

  it("mends pre-labels that reach over the border", async () => {
    const object = { ...drawn("m1", 0), source: "model:global@1" };
    const frames = [{ frame: 0, objects: [{ ...object, box: [-2, 5, 30, 481] }, { ...object, id: "m2", box: [700, 5, 720, 9] }] }];
    await storage.put(labelKeys(TASK, 1).prelabels, JSON.stringify({ source: "model:global@1", frames }));
    const { objects } = await tool.frame({ ...of, frame: 0 });
    expect(objects).toMatchObject([{ id: "m1", box: [0, 5, 30, 480] }]);
    await expect(save(0, 0, { objects })).resolves.toMatchObject({ version: 1 });
  });

  it("keeps away from a task that is labeled in another tool", async () => {
    const task = await readJson<object>(storage, labelKeys(TASK, 1).tool);
    await storage.put(labelKeys(TASK, 1).tool, JSON.stringify({ ...task, tool: "cvat" }));
    for (const use of [() => tool.read(of), () => save(25, 0), () => tool.snapshot({ ...of, by: "bob", allowPartial: true })]) await expect(use()).rejects.toMatchObject({ status: 409, field: "labeling.tool" });
    await tool.request(request);
    expect(await tool.progress(of)).toMatchObject({ frames: 10 });
  });

  it("needs no pre-labels", async () => {
    await storage.remove(labelKeys(TASK, 1).prelabels);
    expect(await tool.request(request)).toEqual({ frames: 10, prelabeled: 0 });
  });

  it("takes a snapshot that later edits do not change", async () => {
    await reviewAll();
    const { key, snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial: false });
    await save(25, 1, { objects: [] });
    const stored = await readJson<Snapshot>(storage, key);
    expect(stored).toEqual(snapshot);
    expect(key).toBe(labelKeys(TASK, 1).snapshotOf(snapshot.sha256));
    expect(snapshotHash(stored)).toBe(snapshot.sha256);
    expect(stored).toMatchObject({ task_id: TASK, round: 1, source: "builtin", approved_by: "bob", classes: ["fly"], left_out: [], allow_partial: false });
    expect(stored.frames[1]).toMatchObject({ frame: 25, version: 1, objects: [{ id: "a" }] });
  });

  it("leaves out what is not reviewed, only where that is allowed", async () => {
    for (const frame of [0, 100, 200]) await save(frame, 0);
    await expect(tool.snapshot({ ...of, by: "bob", allowPartial: false })).rejects.toMatchObject({ status: 422, message: expect.stringContaining("7 of 10 frames are not reviewed: 25, 50, 75, 125, 150 and more") as string });
    const { snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial: true });
    expect(snapshot.frames.map(({ frame }) => frame)).toEqual([0, 100, 200]);
    expect(snapshot.left_out).toEqual([25, 50, 75, 125, 150, 175, 225]);
    await tool.request({ ...request, settings: { ...SETTINGS, labeling: { ...SETTINGS.labeling, allow_partial: true } } });
    await expect(tool.snapshot({ ...of, by: "bob", allowPartial: false })).resolves.toMatchObject({ snapshot: { allow_partial: true } });
  });

  it("refuses an approval without labels", async () => {
    await expect(tool.snapshot({ ...of, by: "bob", allowPartial: true })).rejects.toMatchObject({ status: 422, message: expect.stringContaining("no labels") as string });
  });

  it("never mixes two moments into a snapshot, although a listing takes time", async () => {
    await reviewAll();
    // A bucket lists page by page: here a person edits the first frame, then the last, between the pages of the first listing.
    let listings = 0;
    const paged: Storage = {
      ...storage,
      list: async (prefix) => {
        const first = (await storage.list(prefix)).filter((key) => key.includes("/00000000."));
        if (listings++ === 0) for (const frame of [0, 225]) await save(frame, 1, { objects: [drawn("a", 300)] });
        return [...first, ...(await storage.list(prefix)).filter((key) => !key.includes("/00000000."))];
      },
    };
    const { snapshot } = await createBuiltinLabeling({ storage: paged }).snapshot({ ...of, by: "bob", allowPartial: false });
    expect([snapshot.frames[0]!.version, snapshot.frames[9]!.version]).toEqual([2, 2]);
    expect(listings).toBe(3);
  });

  it("does not approve what changes all the time", async () => {
    await reviewAll();
    let version = 1;
    const restless: Storage = {
      ...storage,
      list: async (prefix) => {
        await save(0, version++);
        return await storage.list(prefix);
      },
    };
    await expect(createBuiltinLabeling({ storage: restless }).snapshot({ ...of, by: "bob", allowPartial: false })).rejects.toMatchObject({ status: 409, field: "frames" });
  });

  it("drops the edits of another video, also for a reader that knew them", async () => {
    const video = { bytes: 100, num_frames: 250, width: 640, height: 480 };
    await storage.put(videoKeys(TASK).meta, JSON.stringify(video));
    await tool.request(request);
    await save(25, 0);
    expect(await tool.progress(of)).toMatchObject({ reviewed: 1 });
    await tool.request(request);
    expect(await tool.progress(of)).toMatchObject({ reviewed: 1 });
    await storage.put(videoKeys(TASK).meta, JSON.stringify({ ...video, bytes: 101 }));
    await createBuiltinLabeling({ storage }).request(request);
    expect(await tool.progress(of)).toMatchObject({ reviewed: 0 });
    await createBuiltinLabeling({ storage }).save({ ...of, frame: 25, basedOn: 0, reviewed: false, objects: [], by: "eve" });
    expect(await tool.frame({ ...of, frame: 25 })).toMatchObject({ version: 1, updated_by: "eve", status: "unlabeled" });
  });
});
