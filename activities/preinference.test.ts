import { MockActivityEnvironment } from "@temporalio/testing";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createModelRegistry } from "../adapters/models/registry.ts";
import { createOnnxServing } from "../adapters/serving/onnx.ts";
import type { Serving } from "../adapters/serving/serving.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import type { FrameList, Prelabels } from "../domain/labels.ts";
import { frameKeys, labelKeys, modelKeys } from "../domain/layout.ts";
import type { PreinferenceInput, PreinferenceOutput } from "../domain/steps.ts";
import { createPreinferenceSteps } from "./preinference.ts";

const task = { taskId: "task00000001", round: 1 };
const settings: PreinferenceInput = {
  ...task,
  prelabel: "auto",
  classes: ["green", "red"],
  keypoints: [],
  numAnimals: null,
  inference: { confidence: 0.5, iou: 0.2, batch_size: 2, frame_skip: 0, max_frames: null },
};

describe("pre-inference", () => {
  let root: string;
  let storage: Storage;
  let serving: Serving;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-preinference-"));
    storage = createLocalStorage({ root });
    serving = createOnnxServing({ storage, threads: 1 });
    // Five frames, 256 x 128: a red square of 64 pixels that moves, on light grey.
    const keys = frameKeys(task.taskId, task.round);
    const frames: FrameList["frames"] = [];
    for (let i = 0; i < 5; i++) {
      const frame = i * 30;
      const square = Buffer.from(`<svg width="256" height="128"><rect width="256" height="128" fill="#e8e8e8"/><rect x="${32 * i}" y="32" width="64" height="64" fill="#ff0000"/></svg>`);
      await storage.put(keys.image(frame), await sharp(square).jpeg({ quality: 95 }).toBuffer());
      frames.push({ frame, time: i, image_key: keys.image(frame) });
    }
    await storage.put(keys.list, JSON.stringify({ task_id: task.taskId, width: 256, height: 128, frames } satisfies FrameList));
  });
  afterEach(async () => {
    await serving.close();
    await rm(root, { recursive: true, force: true });
  });

  const globalModel = async (file: string, version = 1): Promise<void> => storage.put(modelKeys("global").onnx(version), await readFile(new URL(`../adapters/serving/fixtures/${file}.onnx`, import.meta.url)));
  const preInfer = async (input: Partial<PreinferenceInput> = {}): Promise<{ output: PreinferenceOutput; prelabels: Prelabels }> => {
    const output = (await new MockActivityEnvironment().run(createPreinferenceSteps({ storage, serving, models: createModelRegistry({ storage }) }).preInfer, { ...settings, ...input })) as PreinferenceOutput;
    return { output, prelabels: await readJson<Prelabels>(storage, labelKeys(task.taskId, task.round).prelabels) };
  };

  it("takes the newest global model where there is one; classes go by their names", async () => {
    await globalModel("segment", 1);
    await globalModel("detect", 2);
    const { output, prelabels } = await preInfer();
    expect(output).toEqual({ frames: 5, objects: 5, source: "model:global@2", notes: [] });
    expect(prelabels.frames.map(({ frame }) => frame)).toEqual([0, 30, 60, 90, 120]);
    prelabels.frames.forEach(({ objects }, i) => {
      expect(objects).toHaveLength(1);
      expect(objects[0]).toMatchObject({ id: `f${i * 30}-0`, class: "red", source: "model:global@2", confirmed: false, keypoints: [] });
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = objects[0]?.box ?? [];
      // The model's grid is 32 pixels of the image, its boxes 96.
      expect(Math.abs((x1 + x2) / 2 - (32 * i + 32))).toBeLessThanOrEqual(32);
      expect(Math.abs((y1 + y2) / 2 - 64)).toBeLessThanOrEqual(32);
    });
    expect((await preInfer()).prelabels).toEqual(prelabels);
  });

  it("takes the version that answers, where one was chosen, and not the newest", async () => {
    await globalModel("detect", 1);
    await globalModel("end2end", 2);
    const chosen = { version: 1, before: [], newest: 2, changed_at: new Date().toISOString(), by: "ada", why: "rolled back", change_id: "r1" };
    await storage.put(modelKeys("global").serving, JSON.stringify(chosen));
    expect((await preInfer()).output.source).toBe("model:global@1");
    expect((await preInfer({ prelabel: "global" })).output.source).toBe("model:global@1");
  });

  it("leaves out classes and keypoints that the task or the model does not know", async () => {
    await globalModel("pose-fixed-uint8");
    const { output, prelabels } = await preInfer({ prelabel: "global", keypoints: ["tail", "centre", "corner"], classes: ["red"] });
    expect(output.notes.join()).toMatch(/also knows green/);
    const keypoints = prelabels.frames[1]?.objects[0]?.keypoints;
    expect(keypoints?.map(([, , v]) => v)).toEqual([0, 2, 2]);
    expect(keypoints?.[1]?.[0]).toBeGreaterThan(30);
    expect((await preInfer({ classes: ["green"] })).output).toMatchObject({ objects: 0, notes: [expect.stringMatching(/red/), expect.stringMatching(/no animals/)] });
  });

  it("looks for motion without a model: keypoints are absent until a person places them", async () => {
    const { output, prelabels } = await preInfer({ keypoints: ["head"], numAnimals: 1 });
    expect(output).toMatchObject({ frames: 5, objects: 5, source: "motion", notes: [expect.stringMatching(/classes apart/)] });
    const object = prelabels.frames[4]?.objects[0];
    expect(object).toMatchObject({ class: "green", source: "motion", confirmed: false });
    expect(object?.box[0]).toBeCloseTo(128, -1);
    expect(object?.box[2]).toBeCloseTo(192, -1);
    expect(object?.keypoints).toEqual([[expect.closeTo(160, -1), expect.closeTo(64, -1), 0]]);
  });

  it("writes empty frames for none, and refuses a model that is not there", async () => {
    expect((await preInfer({ prelabel: "none" })).output).toEqual({ frames: 5, objects: 0, source: "none", notes: [] });
    for (const prelabel of ["nobody", "../frames"]) await expect(preInfer({ prelabel })).rejects.toMatchObject({ name: "InputError", field: "prelabel", status: 404 });
  });
});
