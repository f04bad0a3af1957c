import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelKeys } from "../../domain/layout.ts";
import { createTriton, standIn, type TritonServer } from "../../test/triton-server.ts";
import { createLocalStorage } from "../storage/local.ts";
import type { Storage } from "../storage/storage.ts";
import { deploy, fixture, LIMITS, list, picture, RED } from "./lab.test-tools.ts";
import { ServingError, type Serving } from "./serving.ts";
import { createTritonServing } from "./triton.ts";

describe("the real Triton when things go wrong", () => {
  let root: string;
  let server: TritonServer;
  let storage: Storage;
  let serving: Serving;
  const image = picture(64, 64, [{ x: 24, y: 16, colour: RED }]);
  const find = async (name: string, version: number): Promise<number> => (await serving.infer({ model: { name, version }, images: [image], ...LIMITS }))[0]?.length ?? 0;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-triton-"));
    server = await createTriton(root);
    await server.start();
    storage = standIn(createLocalStorage({ root }));
    serving = createTritonServing({ storage, url: server.url, timeoutS: 60 });
  });
  afterAll(async () => {
    await serving?.close();
    await server?.stop();
    await rm(root, { recursive: true, force: true });
  });

  it("is killed among requests and started again: what was asked fails as worth another try, and then works", async () => {
    const model = await deploy(storage, { name: "stopped", file: "detect" });
    await serving.load(model);
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      expect(await find("stopped", 1)).toBe(1);
      const outcomes: unknown[] = [];
      const askers = Array.from({ length: 3 }, async () => {
        while (!outcomes.some((outcome) => outcome !== 1)) outcomes.push(await find("stopped", 1).catch((error: unknown) => error));
      });
      while (outcomes.length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.stop(signal);
      await Promise.all(askers);
      const failures = outcomes.filter((outcome) => outcome !== 1);
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) {
        expect(failure).toBeInstanceOf(ServingError);
        expect(failure).toMatchObject({ url: expect.stringContaining(server.url) as unknown });
      }
      await expect(serving.load(model)).rejects.toBeInstanceOf(ServingError);
      await expect(serving.serve({ name: "stopped", versions: [1] })).rejects.toBeInstanceOf(ServingError);
      await server.start();
      // It knows no model any more: the first request has it loaded, and so has anybody else's.
      expect(await Promise.all([1, 2, 3].map(() => find("stopped", 1)))).toEqual([1, 1, 1]);
    }
  });

  it("cannot load a version: the one before serves on, and the next try with a sound file works", async () => {
    await deploy(storage, { name: "half", file: "detect" });
    await serving.serve({ name: "half", versions: [1] });
    // It passes every look at its file, and fails in the server alone.
    const broken = Buffer.from((await fixture("detect")).toString("latin1").replaceAll("AveragePool", "AveragePoop"), "latin1");
    await deploy(storage, { name: "half", file: broken, version: 2, versions: [1, 2] });
    const problem: unknown = await serving.serve({ name: "half", versions: [1, 2] }).catch((error: unknown) => error);
    expect(problem).toMatchObject({ name: "InputError", field: "model", status: 422, message: expect.stringMatching(/half@2 cannot be used: Triton refuses it: .*version 2 is at UNAVAILABLE.*AveragePoop/s) as unknown });
    expect(await find("half", 1)).toBe(1);
    await expect(find("half", 2)).rejects.toMatchObject({ name: "InputError", field: "model" });
    expect(await find("half", 1)).toBe(1);
    await deploy(storage, { name: "half", file: "all/detect-end2end-dynamic-float", version: 2, versions: [1, 2] });
    await serving.serve({ name: "half", versions: [1, 2] });
    expect([await find("half", 1), await find("half", 2)]).toEqual([1, 4]);
  });

  it("has nothing of a model, or a configuration of another one: both are said", async () => {
    await deploy(storage, { name: "listed", file: "detect" });
    await deploy(storage, { name: "listed", file: "detect", version: 2, versions: [1] });
    await serving.serve({ name: "listed", versions: [1] });
    await expect(serving.serve({ name: "listed", versions: [1, 2] })).rejects.toThrow(/does not serve listed@2 after loading/);
    await serving.serve({ name: "listed", versions: [] });
    await list(storage, "listed", [1], await fixture("pose-fixed-uint8"));
    await expect(serving.load({ name: "listed", version: 1 })).rejects.toMatchObject({ name: "InputError", status: 409, message: expect.stringMatching(/another input than its file has: "images" UINT8 \[2, 3, 64, 64\] instead of "images" FP32 \[-1, 3, -1, -1\]/) as unknown });
  });

  it("loads a version again that is no longer listed, beside those that are, for whoever still needs it", async () => {
    const files = ["detect", "all/detect-end2end-dynamic-float", "all/detect-raw-dynamic-float"];
    for (const [i, file] of files.entries()) await deploy(storage, { name: "long", file, version: i + 1 });
    const serve = async (versions: number[]): Promise<void> => {
      await list(storage, "long", versions);
      await serving.serve({ name: "long", versions });
    };
    await serve([2, 3]);
    expect(await find("long", 3)).toBe(1);
    const asking = { on: true };
    const failures: unknown[] = [];
    const answered: number[] = [];
    // An inference that began with version 2 while the model is rolled back and deployed anew around it.
    const long = Array.from({ length: 2 }, async () => {
      while (asking.on) {
        const found = await find("long", 2).catch((error: unknown) => error);
        if (found === 4) answered.push(found);
        else failures.push(found);
      }
    });
    for (const versions of [[1, 3], [1], [3], [1, 3]]) {
      await serve(versions);
      const enough = answered.length + 4;
      while (failures.length === 0 && answered.length < enough) await new Promise((resolve) => setTimeout(resolve, 5));
      for (const version of versions) expect(await find("long", version)).toBe(1);
    }
    asking.on = false;
    await Promise.all(long);
    expect(failures).toEqual([]);
    // What config.pbtxt lists is what the deployment wrote.
    expect((await storage.read(modelKeys("long").config)).toString()).toContain("versions: [ 1, 3 ]");
  });

  it("cannot read our storage: that is said with what to do", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), "actverse-elsewhere-"));
    const apart = standIn(createLocalStorage({ root: elsewhere }));
    const lost = createTritonServing({ storage: apart, url: server.url, timeoutS: 60 });
    const model = await deploy(apart, { name: "nowhere", file: "detect" });
    await expect(lost.load(model)).rejects.toThrow(/cannot read nowhere in its model repository.*--model-repository on the folder "models"/);
    await lost.close();
    await rm(elsewhere, { recursive: true, force: true });
  });

  it("takes back a version with one call", async () => {
    await deploy(storage, { name: "back", file: "detect" });
    await deploy(storage, { name: "back", file: "all/detect-end2end-dynamic-float", version: 2, versions: [1, 2] });
    await serving.serve({ name: "back", versions: [1, 2] });
    expect(await find("back", 2)).toBe(4);
    await list(storage, "back", [1]);
    await serving.serve({ name: "back", versions: [1] });
    expect(await find("back", 1)).toBe(1);
    expect(await storage.size(modelKeys("back").onnx(2))).not.toBeNull();
  });
});
