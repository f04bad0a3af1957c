import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setInterval } from "node:timers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelRef } from "../../domain/detections.ts";
import { InputError } from "../../domain/errors.ts";
import { modelKeys } from "../../domain/layout.ts";
import type { Storage } from "../storage/storage.ts";
import { deploy, fixture, GREEN, LIMITS, list, picture, RED, seen } from "./lab.test-tools.ts";
import type { Serving } from "./serving.ts";

export interface ServingLab {
  storage: Storage;
  serving: Serving;
  close(): Promise<void>;
}

/** What every way of serving does. `open` gets an empty folder; what it makes keeps its models under `models/` there. */
export function servingContract(name: string, open: (root: string) => Promise<ServingLab>): void {
  describe(`serving by ${name}`, () => {
    let root: string;
    let lab: ServingLab;
    let storage: Storage;
    let serving: Serving;
    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), "actverse-serving-"));
      lab = await open(root);
      ({ storage, serving } = lab);
    });
    afterAll(async () => {
      await lab?.close();
      await rm(root, { recursive: true, force: true });
    });
    const put = (model: string, file: string | Buffer, version = 1, versions = [version]): Promise<ModelRef> => deploy(storage, { name: model, file, version, versions });
    const red = picture(64, 64, [{ x: 24, y: 16, colour: RED }]);
    const find = async (model: ModelRef): Promise<string[]> => seen((await serving.infer({ model, images: [red], ...LIMITS }))[0]);

    it("reads from the file what the model is", async () => {
      expect(await serving.load(await put("plain", "detect"))).toEqual({ name: "plain", version: 1, task: "detect", classes: ["red", "green"], keypoints: [], imgsz: [64, 64], dynamicSize: true, stride: 32, precision: "float32" });
      expect(await serving.load(await put("pose", "pose-fixed-uint8"))).toMatchObject({ task: "pose", keypoints: ["centre", "corner"], imgsz: [64, 64], dynamicSize: false });
    });

    for (const task of ["detect", "pose"]) {
      for (const head of ["raw", "end2end"]) {
        it(`serves ${task} models with ${head} heads, fixed and dynamic batches, bytes and floats`, async () => {
          for (const kind of ["fixed-uint8", "fixed-float", "dynamic-uint8", "dynamic-float"]) {
            const model = await put(`${task}-${head}-${kind}`, `all/${task}-${head}-${kind}`);
            expect(await serving.load(model), kind).toMatchObject({ task, dynamicSize: kind.startsWith("dynamic"), keypoints: task === "pose" ? ["centre", "corner"] : [] });
            const images = [16, 24, 32].map((x, i) => picture(64, 64, [{ x, y: 16, colour: i === 1 ? GREEN : RED }]));
            const found = await serving.infer({ model, images, ...LIMITS });
            // An end-to-end head does its own NMS: what it gives is kept, here each cell of the square.
            expect(found.map((all) => all.length), kind).toEqual(head === "raw" ? [1, 1, 1] : [4, 4, 4]);
            expect(found.map((all) => seen(all)[0]), kind).toEqual(["0 8,8,32,32 1.00", "1 16,8,40,32 1.00", "0 24,8,48,32 1.00"]);
            const points = found.map((all) => all[0]?.keypoints.map((point) => point.map((value) => Math.round(value * 1e3) / 1e3)));
            expect(points[2], kind).toEqual(task === "pose" ? [[36, 20, 1], [32, 16, 0.5]] : []);
          }
        });
      }
    }

    it("finds the squares of each image of a batch, in any size, best first after NMS", async () => {
      const model = await put("sizes", "detect");
      const size = { width: 96, height: 64 };
      const images = [picture(96, 64, [{ x: 24, y: 16, colour: RED }]), picture(96, 64, []), picture(96, 64, [{ x: 64, y: 32, colour: GREEN }, { x: 8, y: 8, colour: RED }])];
      const found = await serving.infer({ model, images, size, ...LIMITS });
      expect(found.map(seen)).toEqual([["0 16,8,40,32 1.00"], [], ["0 0,0,24,24 1.00", "1 56,24,80,48 1.00"]]);
      // A looser NMS keeps all four cells of a square; the limits hold.
      expect((await serving.infer({ model, images: images.slice(0, 1), size, ...LIMITS, iou: 0.9 }))[0]).toHaveLength(4);
      expect((await serving.infer({ model, images: images.slice(0, 1), size, ...LIMITS, iou: 0.9, maxDetections: 3 }))[0]).toHaveLength(3);
      expect(await serving.infer({ model, images: [], ...LIMITS })).toEqual([]);
    });

    it("keeps the order of more images than are run at once", async () => {
      for (const file of ["all/detect-raw-dynamic-float", "all/detect-raw-fixed-uint8"]) {
        const model = await put(file.replaceAll("/", "-"), file);
        const images = Array.from({ length: 37 }, (_, i) => picture(64, 64, [{ x: (i % 6) * 8, y: (i % 5) * 8, colour: RED }]));
        const found = await serving.infer({ model, images, ...LIMITS });
        expect(found.map((all) => seen(all)[0])).toEqual(images.map((_, i) => [(i % 6) * 8 - 8, (i % 5) * 8 - 8, (i % 6) * 8 + 16, (i % 5) * 8 + 16].join(",")).map((box) => `0 ${box} 1.00`));
      }
    });

    it("takes names from model.json where the file has none", async () => {
      const model = await put("unnamed", "no-names");
      await expect(serving.load(model)).rejects.toThrow(/does not name its classes/);
      await storage.put(modelKeys("unnamed").card(1), JSON.stringify({ classes: ["a", "b"] }));
      expect(await serving.load(model)).toMatchObject({ classes: ["a", "b"] });
    });

    it("refuses what cannot serve, says why, and goes on serving the version before", async () => {
      const good = await put("guarded", "detect");
      await serving.serve({ name: "guarded", versions: [1] });
      const whole = await fixture("detect");
      const broken = (what: string, by: string): Buffer => Buffer.from(whole.toString("latin1").replaceAll(what, by), "latin1");
      const bad: [string, Buffer, RegExp][] = [
        ["cut off", whole.subarray(0, 600), /not an ONNX model/],
        ["no model", Buffer.from("no model"), /not an ONNX model/],
        ["empty", Buffer.alloc(0), /not an ONNX model/],
        ["other classes", await fixture("wrong-classes"), /shape \[1, 6, 64\], which does not fit 3 classes/],
        ["another task", await fixture("segment"), /task "segment"/],
        ["weights elsewhere", await fixture("external-data"), /other files \(\.\.\/\.\.\/secret\.bin\)/],
        ["an operator that there is not", broken("AveragePool", "AveragePoop"), /AveragePoop/],
        ["operators of the future", await fixture("unknown-opset"), /opset 99/i],
        ["no numbers", await fixture("nan"), /not numbers/],
        ["endless images", await fixture("endless-image"), /100000x100000/],
        ["endless batches", await fixture("endless-batch"), /1000000 images/],
        ["endless keypoints", await fixture("endless-keypoints"), /1000000000 keypoints/],
      ];
      for (const [i, [what, file, reason]] of bad.entries()) {
        const model = await put("guarded", file, i + 2, [1, i + 2]);
        const problem = await serving.serve({ name: "guarded", versions: [1, i + 2] }).then(() => serving.load(model)).catch((error: unknown) => error);
        expect(problem, what).toBeInstanceOf(InputError);
        expect(problem, what).toMatchObject({ field: "model", status: 422, message: expect.stringMatching(reason) as unknown });
        expect((problem as InputError).message, what).toContain(`guarded@${i + 2}`);
        expect(await find(good), what).toHaveLength(1);
        await storage.remove(modelKeys("guarded").onnx(i + 2));
        await list(storage, "guarded", [1]);
        await serving.serve({ name: "guarded", versions: [1] });
      }
      await expect(serving.load({ name: "guarded", version: 99 })).rejects.toMatchObject({ field: "model", status: 404 });
      await expect(serving.serve({ name: "guarded", versions: [1, 99] })).rejects.toMatchObject({ field: "model", status: 404 });
      expect(await find(good)).toHaveLength(1);
    });

    it("says that a model gives no numbers when it does so for an animal alone", async () => {
      const model = await put("sometimes", "nan-for-animals");
      await serving.load(model);
      expect(await serving.infer({ model, images: [picture(64, 64, [])], ...LIMITS })).toEqual([[]]);
      await expect(find(model)).rejects.toMatchObject({ field: "model", message: expect.stringMatching(/not numbers/) as unknown });
    });

    it("loads, swaps, rolls back and lets go of versions without one failed request", async () => {
      const files = ["detect", "all/detect-end2end-dynamic-float", "all/detect-raw-dynamic-float"];
      for (const [i, file] of files.entries()) await put("busy", file, i + 1, [1]);
      await serving.serve({ name: "busy", versions: [1] });
      let current = 1;
      const asking = { on: true };
      const answered = new Map<number, number>();
      const failures: unknown[] = [];
      const ask = async (): Promise<void> => {
        while (asking.on) {
          const version = current;
          const found = await find({ name: "busy", version }).catch((error: unknown) => void failures.push(error));
          // What the three versions give differs: nobody is answered by another version than was named.
          if (found !== undefined && found.length !== (version === 2 ? 4 : 1)) failures.push(found);
          answered.set(version, (answered.get(version) ?? 0) + 1);
        }
      };
      const askers = Array.from({ length: 4 }, ask);
      const serve = async (versions: number[]): Promise<void> => {
        await list(storage, "busy", versions);
        await serving.serve({ name: "busy", versions });
      };
      /** As an inference does that begins after the change: it names the new version, and those before are finished at their own pace. */
      const turnTo = async (version: number): Promise<void> => {
        const before = answered.get(version) ?? 0;
        current = version;
        // Each asker has at most one request of the version before in hand.
        while ((answered.get(version) ?? 0) < before + 2 * askers.length && failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      for (const next of [2, 3, 2, 1]) {
        await serve([current, next]);
        await turnTo(next);
        await serve([next]);
      }
      asking.on = false;
      await Promise.all(askers);
      expect(failures).toEqual([]);
      expect([...answered.values()].every((count) => count >= 8)).toBe(true);
    });

    it("refuses images of another size", async () => {
      const model = await put("fixed", "pose-fixed-uint8");
      await expect(serving.infer({ model, images: [Buffer.alloc(10)], ...LIMITS })).rejects.toThrow(/10 bytes/);
      await expect(serving.infer({ model, images: [picture(96, 64, [])], size: { width: 96, height: 64 }, ...LIMITS })).rejects.toThrow(/takes images of 64x64/);
    });

    it("leaves the event loop free while it works", async () => {
      const model = await put("large", "detect");
      await serving.load(model);
      const size = { width: 1024, height: 1024 };
      const images = Array.from({ length: 8 }, () => picture(1024, 1024, []));
      const before = performance.now();
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      await serving.infer({ model, images, size, ...LIMITS });
      clearInterval(timer);
      // In this thread there would be none at all.
      expect(ticks, `ticks in ${Math.round(performance.now() - before)} ms`).toBeGreaterThan(5);
    });
  });
}
