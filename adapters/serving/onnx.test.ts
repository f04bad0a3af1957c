import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setInterval } from "node:timers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Detection } from "../../domain/detections.ts";
import { InputError } from "../../domain/errors.ts";
import { modelKeys } from "../../domain/layout.ts";
import { createLocalStorage } from "../storage/local.ts";
import type { Storage } from "../storage/storage.ts";
import { createOnnxServing } from "./onnx.ts";
import type { Serving } from "./serving.ts";

/** fixtures/make_fixtures.py: models that find red (class 0) and green (class 1) squares. */
const fixture = (name: string): Promise<Buffer> => readFile(new URL(`fixtures/${name}.onnx`, import.meta.url));
const RED = [255, 0, 0];
const GREEN = [0, 255, 0];

/** A grey image with squares of 16 x 16 pixels, planar RGB. */
function picture(width: number, height: number, squares: { x: number; y: number; colour: number[] }[]): Buffer {
  const pixels = Buffer.alloc(3 * width * height, 114);
  for (const { x, y, colour } of squares) {
    for (let channel = 0; channel < 3; channel++) {
      for (let row = y; row < y + 16; row++) pixels.fill(colour[channel] ?? 0, (channel * height + row) * width + x, (channel * height + row) * width + x + 16);
    }
  }
  return pixels;
}

const seen = (detections: Detection[]): string[] => detections.map(({ classId, box, score }) => `${classId} ${box.join(",")} ${score.toFixed(2)}`);
const limits = { confidence: 0.6, iou: 0.25, maxDetections: 50 };

describe("the embedded ONNX Runtime", () => {
  let root: string;
  let storage: Storage;
  let serving: Serving;
  const deployed = async (name: string, file: string, version = 1): Promise<{ name: string; version: number }> => {
    await storage.put(modelKeys(name).onnx(version), await fixture(file));
    return { name, version };
  };
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-serving-"));
    storage = createLocalStorage({ root });
    serving = createOnnxServing({ storage, threads: 1 });
  });
  afterAll(async () => {
    await serving.close();
    await rm(root, { recursive: true, force: true });
  });

  it("reads from the file what the model is", async () => {
    expect(await serving.load(await deployed("plain", "detect"))).toEqual({ name: "plain", version: 1, task: "detect", classes: ["red", "green"], keypoints: [], imgsz: [64, 64], dynamicSize: true, stride: 32 });
    expect(await serving.load(await deployed("pose", "pose-fixed-uint8"))).toMatchObject({ task: "pose", keypoints: ["centre", "corner"], imgsz: [64, 64], dynamicSize: false });
    expect(serving.endpointOf({ name: "pose", version: 3 })).toBe("onnx://pose/3");
  });

  it("finds the squares of each image of a batch, in any size, best first after NMS", async () => {
    const model = await deployed("plain", "detect");
    const images = [picture(96, 64, [{ x: 24, y: 16, colour: RED }]), picture(96, 64, []), picture(96, 64, [{ x: 64, y: 32, colour: GREEN }, { x: 8, y: 8, colour: RED }])];
    const found = await serving.infer({ model, images, size: { width: 96, height: 64 }, ...limits });
    expect(found.map(seen)).toEqual([["0 16,8,40,32 1.00"], [], ["0 0,0,24,24 1.00", "1 56,24,80,48 1.00"]]);
    // A looser NMS keeps all four cells of a square; the limits hold.
    const [all] = await serving.infer({ model, images: images.slice(0, 1), size: { width: 96, height: 64 }, ...limits, iou: 0.9 });
    expect(all).toHaveLength(4);
    const [cut] = await serving.infer({ model, images: images.slice(0, 1), size: { width: 96, height: 64 }, ...limits, iou: 0.9, maxDetections: 3 });
    expect(cut).toHaveLength(3);
  });

  it("fills up a fixed batch and gives keypoints with their scores", async () => {
    const model = await deployed("pose", "pose-fixed-uint8");
    const images = [16, 24, 32].map((x) => picture(64, 64, [{ x, y: 16, colour: RED }]));
    const found = await serving.infer({ model, images, ...limits });
    expect(found.map((detections) => detections[0]?.box)).toEqual([[8, 8, 32, 32], [16, 8, 40, 32], [24, 8, 48, 32]]);
    expect(found[2]?.[0]?.keypoints).toEqual([[36, 20, 1], [32, 16, 0.5]]);
  });

  it("reads end-to-end heads as they are", async () => {
    const image = picture(64, 64, [{ x: 24, y: 16, colour: GREEN }]);
    const [plain] = await serving.infer({ model: await deployed("e2e", "end2end"), images: [image], ...limits });
    expect(plain).toHaveLength(4);
    expect(plain?.[0]).toEqual({ box: [16, 8, 40, 32], score: 1, classId: 1, keypoints: [] });
    const [pose] = await serving.infer({ model: await deployed("e2e-pose", "pose-end2end"), images: [image, image], ...limits });
    expect(pose?.[0]).toEqual({ box: [16, 8, 40, 32], score: 1, classId: 1, keypoints: [[28, 20, 1], [24, 16, 0.5]] });
  });

  it("takes names from model.json where the file has none", async () => {
    const model = await deployed("unnamed", "no-names");
    await expect(serving.load(model)).rejects.toThrow(/does not name its classes/);
    await storage.put(modelKeys("unnamed").card(1), JSON.stringify({ classes: ["a", "b"] }));
    expect(await serving.load(model)).toMatchObject({ classes: ["a", "b"] });
  });

  it("refuses what cannot serve, says why, and goes on serving the version before", async () => {
    const good = await deployed("guarded", "detect", 1);
    await serving.load(good);
    const whole = await fixture("detect");
    const bad: [Buffer, RegExp][] = [
      [whole.subarray(0, 600), /not an ONNX model/],
      [Buffer.from("no model"), /not an ONNX model/],
      [await fixture("wrong-classes"), /shape \[1, 6, 64\], which does not fit 3 classes/],
      [await fixture("segment"), /task "segment"/],
      [await fixture("external-data"), /other files \(\.\.\/\.\.\/secret\.bin\)/],
      [Buffer.from(whole.toString("latin1").replace("AveragePool", "AveragePoop"), "latin1"), /ONNX Runtime cannot load it/],
    ];
    for (const [i, [file, reason]] of bad.entries()) {
      const model = { name: "guarded", version: i + 2 };
      await storage.put(modelKeys("guarded").onnx(model.version), file);
      const problem = await serving.load(model).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(InputError);
      expect(problem).toMatchObject({ field: "model", status: 422, message: expect.stringMatching(reason) as unknown });
    }
    await expect(serving.load({ name: "guarded", version: 99 })).rejects.toMatchObject({ field: "model", status: 404 });
    expect((await serving.infer({ model: good, images: [picture(64, 64, [{ x: 24, y: 16, colour: RED }])], ...limits }))[0]).toHaveLength(1);
  });

  it("serves many versions side by side and loads again what it had put away", async () => {
    const image = picture(64, 64, [{ x: 24, y: 16, colour: RED }]);
    const models = await Promise.all(Array.from({ length: 7 }, (_, i) => deployed("many", "detect", i + 1)));
    const found = await Promise.all([...models, ...models].map((model) => serving.infer({ model, images: [image], ...limits })));
    expect(found.every(([detections]) => detections?.length === 1)).toBe(true);
  });

  it("refuses images of another size", async () => {
    const model = await deployed("pose", "pose-fixed-uint8");
    await expect(serving.infer({ model, images: [Buffer.alloc(10)], ...limits })).rejects.toThrow(/10 bytes/);
    await expect(serving.infer({ model, images: [picture(96, 64, [])], size: { width: 96, height: 64 }, ...limits })).rejects.toThrow(/takes images of 64x64/);
  });

  it("leaves the event loop free while it works", async () => {
    const model = await deployed("plain", "detect");
    const size = { width: 1024, height: 1024 };
    const images = Array.from({ length: 8 }, () => picture(1024, 1024, []));
    const before = performance.now();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await serving.infer({ model, images, size, ...limits });
    clearInterval(timer);
    // In this thread there would be none at all.
    expect(ticks, `ticks in ${Math.round(performance.now() - before)} ms`).toBeGreaterThan(5);
  });
});
