import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalStorage } from "../storage/local.ts";
import type { Storage } from "../storage/storage.ts";
import { servingContract } from "./contract.test-suite.ts";
import { deploy, LIMITS, picture, RED } from "./lab.test-tools.ts";
import { createOnnxServing } from "./onnx.ts";
import { ServingError, type Serving } from "./serving.ts";

servingContract("the embedded ONNX Runtime", async (root) => {
  const storage = createLocalStorage({ root });
  const serving = createOnnxServing({ storage, threads: 1 });
  return { storage, serving, close: () => serving.close() };
});

servingContract("the embedded ONNX Runtime on three cores", async (root) => {
  const storage = createLocalStorage({ root });
  const serving = createOnnxServing({ storage, threads: 3 });
  return { storage, serving, close: () => serving.close() };
});

describe("models in this process", () => {
  let root: string;
  let storage: Storage;
  let serving: Serving;
  const image = picture(64, 64, [{ x: 24, y: 16, colour: RED }]);
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-serving-"));
    storage = createLocalStorage({ root });
    serving = createOnnxServing({ storage, threads: 1 });
  });
  afterAll(async () => {
    await serving.close();
    await rm(root, { recursive: true, force: true });
  });

  it("are named by their place", () => {
    expect(serving.kind).toBe("onnx");
    expect(serving.endpointOf({ name: "pose", version: 3 })).toBe("onnx://pose/3");
  });

  it("are far more than are kept, and each is there for whoever asks, without a pause", async () => {
    const models = await Promise.all(Array.from({ length: 9 }, (_, i) => deploy(storage, { name: `many-${i % 2}`, file: "detect", version: i + 1 })));
    let changes = 0;
    const ask = async (from: number): Promise<number> => {
      let found = 0;
      for (let i = 0; i < 40; i++) found += (await serving.infer({ model: models[(from * 4 + i * 5) % models.length]!, images: [image], ...LIMITS }))[0]?.length ?? 0;
      return found;
    };
    const askers = Promise.all([0, 1, 2, 3, 4, 5].map(ask));
    const change = (async () => {
      for (let i = 0; i < 12; i++) {
        await serving.serve({ name: `many-${i % 2}`, versions: i % 3 === 0 ? [] : [(i % 2) + 1 + 2 * (i % 4)] });
        changes += 1;
      }
    })();
    expect(await askers).toEqual([40, 40, 40, 40, 40, 40]);
    await change;
    expect(changes).toBe(12);
  });

  it("take images from shared memory and from a part of a buffer, and leave both as they are", async () => {
    const model = await deploy(storage, { name: "memory", file: "detect" });
    const shared = Buffer.from(new SharedArrayBuffer(image.length));
    const part = Buffer.alloc(image.length + 10).subarray(7, 7 + image.length);
    for (const copy of [shared, part]) copy.set(image);
    const found = await serving.infer({ model, images: [image, shared, part, image], ...LIMITS });
    expect(found.map(([first]) => first)).toEqual(Array.from({ length: 4 }, () => found[0]?.[0]));
    expect(found[0]).toHaveLength(1);
    for (const copy of [shared, part]) expect(image.equals(copy)).toBe(true);
  });

  it("end after the image that they are at, and the process with them lives", async () => {
    const model = await deploy(storage, { name: "ending", file: "detect" });
    const own = createOnnxServing({ storage, threads: 1 });
    const first = own.infer({ model, images: [image], ...LIMITS });
    const large = Array.from({ length: 40 }, () => picture(1024, 1024, []));
    const others = own.infer({ model, images: large, size: { width: 1024, height: 1024 }, ...LIMITS }).catch((error: unknown) => error);
    await first;
    await own.close();
    expect(await others).toBeInstanceOf(ServingError);
  });

  it("answer the next request after one that failed", async () => {
    const model = await deploy(storage, { name: "small", file: "all/detect-end2end-dynamic-float" });
    // Fewer cells than the head wants to choose from.
    const problem = await serving.infer({ model, images: [picture(16, 16, [])], size: { width: 16, height: 16 }, ...LIMITS }).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(ServingError);
    expect(problem).toMatchObject({ url: "onnx://small/1" });
    expect((await serving.infer({ model, images: [image], ...LIMITS }))[0]).toHaveLength(4);
  });
});
