import { MockActivityEnvironment } from "@temporalio/testing";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBuiltinLabeling } from "../adapters/labeling/builtin.ts";
import { drawn, SETTINGS, TASK, writeFrames } from "../adapters/labeling/contract.test-suite.ts";
import { NO_EXTERNAL_TOOLS, type BuiltinLabeling, type ExternalLabeling } from "../adapters/labeling/labeling.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import type { FrameLabels, FrameList, Prelabels } from "../domain/labels.ts";
import { frameKeys, labelKeys, taskKeys } from "../domain/layout.ts";
import type { OpenRoundInput, OpenRoundOutput } from "../domain/steps.ts";
import { createRoundSteps } from "./rounds.ts";

let root: string;
let storage: Storage;
let tool: BuiltinLabeling;
const of = { taskId: TASK, round: 1 };
const input: OpenRoundInput = { taskId: TASK, round: 2, before: 1, settings: SETTINGS };
const steps = [
  { name: "download", result: { sourceKey: "videos/x/source.mp4" } },
  { name: "labeling", result: { snapshotKey: "k", sha256: "abc", approvedBy: "bob" } },
  { name: "training", result: { metrics: { box_map50: 0.9 } } },
  { name: "deployment", result: { model: { name: TASK, version: 1 } } },
  { name: "inference", result: { resultKey: "r" } },
];
const open = (given: OpenRoundInput = input, external: ExternalLabeling | null = null): Promise<OpenRoundOutput> =>
  new MockActivityEnvironment().run(createRoundSteps({ storage, labeling: tool, externalLabeling: { ...NO_EXTERNAL_TOOLS, cvat: external } }).openRound, given);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-rounds-"));
  storage = createLocalStorage({ root });
  tool = createBuiltinLabeling({ storage });
  await writeFrames(storage);
  await tool.request({ ...of, title: "t", settings: SETTINGS });
  for (let frame = 0; frame < 225; frame += 25) await tool.save({ ...of, frame, basedOn: 0, reviewed: true, objects: [drawn("a", frame)], by: "ann" });
  const { snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial: true });
  await storage.put(labelKeys(TASK, 1).snapshot, JSON.stringify(snapshot));
  await storage.put(taskKeys(TASK).record, JSON.stringify({ task_id: TASK, round: 1, status: "completed", ended_at: "2026-01-02T00:00:00Z", steps }));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("openRound", () => {
  it("begins with frames of its own and the labels as they stand, each with its source; what nobody reviewed is not reviewed", async () => {
    const opened = await open();
    expect(opened).toEqual({
      video: { sourceKey: "videos/x/source.mp4" },
      frames: { framesKey: frameKeys(TASK, 2).list, numFrames: 10, notes: [] },
      reviewed: 9,
      objects: 9,
      rounds: [{ round: 1, status: "completed", ended_at: "2026-01-02T00:00:00Z", approved_by: "bob", snapshot_key: "k", sha256: "abc", model: `${TASK}@1`, metrics: { box_map50: 0.9 }, result_path: "r", record_key: taskKeys(TASK).recordOf(1) }],
    });
    expect((await storage.read(frameKeys(TASK, 2).image(25))).toString()).toBe("image 25");
    await tool.request({ taskId: TASK, round: 2, title: "t", settings: SETTINGS });
    const frames = await tool.read({ taskId: TASK, round: 2 });
    expect(frames.map(({ status, version }) => [status, version])).toEqual([...Array.from({ length: 9 }, () => ["reviewed", 1]), ["unlabeled", 0]]);
    expect(frames[1]).toMatchObject({ frame: 25, image_key: frameKeys(TASK, 2).image(25), updated_by: "ann", objects: [{ box: [25, 10, 65, 50], source: "person", confirmed: true }] });
  });

  it("does the same again after a crash, and keeps what people have done meanwhile", async () => {
    const first = await open();
    await tool.request({ taskId: TASK, round: 2, title: "t", settings: SETTINGS });
    await tool.save({ taskId: TASK, round: 2, frame: 0, basedOn: 1, reviewed: true, objects: [], by: "eve" });
    expect(await open()).toEqual(first);
    expect(await tool.frame({ taskId: TASK, round: 2, frame: 0 })).toMatchObject({ version: 2, updated_by: "eve", objects: [] });
  });

  it("takes the labels to another list of frames, where these were chosen anew", async () => {
    const list: FrameList = { task_id: TASK, width: 640, height: 480, frames: [25, 30].map((frame) => ({ frame, time: frame, image_key: frameKeys(TASK, 2).image(frame) })) };
    await storage.put(frameKeys(TASK, 2).list, JSON.stringify(list));
    expect(await open()).toMatchObject({ frames: { numFrames: 2 }, reviewed: 1, objects: 1 });
  });

  it("in a tool of others begins with pre-labels, of what was approved where the tool has lost the project", async () => {
    const settings = { ...SETTINGS, labeling: { ...SETTINGS.labeling, tool: "cvat" as const } };
    const lost = { read: async (): Promise<FrameLabels[]> => Promise.reject(new InputError({ field: "labeling.tool", message: "lost", whatToDo: "look for it", status: 404 })) } as unknown as ExternalLabeling;
    expect(await open({ ...input, settings }, lost)).toMatchObject({ reviewed: 0, objects: 9 });
    const { source, frames } = await readJson<Prelabels>(storage, labelKeys(TASK, 2).prelabels);
    expect(source).toBe("round 1");
    expect(frames.flatMap(({ objects }) => objects).every(({ confirmed }) => !confirmed)).toBe(true);
    expect(await storage.list(labelKeys(TASK, 2).edits)).toEqual([]);
    const away = { read: async (): Promise<FrameLabels[]> => Promise.reject(new Error("away")) } as unknown as ExternalLabeling;
    await expect(open({ ...input, settings }, away)).rejects.toMatchObject({ message: expect.stringContaining("unreachable") as string, nonRetryable: false });
  });
});
