import { MockActivityEnvironment } from "@temporalio/testing";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOnnxServing } from "../adapters/serving/onnx.ts";
import type { Serving } from "../adapters/serving/serving.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { modelKeys } from "../domain/layout.ts";
import type { DeployInput, DeployOutput } from "../domain/steps.ts";
import { createDeploymentSteps } from "./deployment.ts";
import { latestVersion, type ModelCard } from "./model-repository.ts";

const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../adapters/serving/fixtures/${name}.onnx`, import.meta.url));

describe("deployment", () => {
  let root: string;
  let storage: Storage;
  let serving: Serving;
  const keys = modelKeys("task00000001");
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-deploy-"));
    storage = createLocalStorage({ root });
    serving = createOnnxServing({ storage, threads: 1 });
  });
  afterEach(async () => {
    await serving.close();
    await rm(root, { recursive: true, force: true });
  });

  const input = async (deploymentId: string, file: string | Buffer = "detect"): Promise<DeployInput> => {
    const bytes = typeof file === "string" ? await fixture(file) : file;
    const onnxKey = `train_log/task00000001/${deploymentId}.onnx`;
    await storage.put(onnxKey, bytes);
    return { taskId: "task00000001", round: 1, name: "task00000001", onnxKey, sha256: createHash("sha256").update(bytes).digest("hex"), deploymentId, lineage: { task_id: "task00000001" } };
  };
  const deploy = async (given: DeployInput): Promise<DeployOutput> => (await new MockActivityEnvironment().run(createDeploymentSteps({ storage, serving }).deployModel, given)) as DeployOutput;

  it("makes a version with its model, card and Triton configuration", async () => {
    expect(await deploy(await input("d1", "pose-fixed-uint8"))).toEqual({ model: { name: "task00000001", version: 1 }, endpoint: "onnx://task00000001/1" });
    expect(await storage.read(keys.onnx(1))).toEqual(await fixture("pose-fixed-uint8"));
    expect(await readJson<ModelCard>(storage, keys.card(1))).toMatchObject({ status: "deployed", deployment_id: "d1", classes: ["red", "green"], keypoints: ["centre", "corner"], lineage: { task_id: "task00000001" } });
    expect((await storage.read(keys.config)).toString()).toContain("versions: [ 1 ]");
    expect(await latestVersion(storage, "task00000001")).toBe(1);
  });

  it("is one version however often it is tried, and another for another deployment", async () => {
    const first = await input("d1");
    await deploy(first);
    // A crash before the end: the number was taken, the rest is missing.
    await storage.put(keys.card(2), JSON.stringify({ name: "task00000001", version: 2, status: "deploying", deployment_id: "d2", sha256: first.sha256, deployed_at: null, classes: [], keypoints: [], lineage: {} }));
    expect(await latestVersion(storage, "task00000001")).toBe(1);
    expect((await deploy(await input("d2"))).model.version).toBe(2);
    expect((await deploy(first)).model.version).toBe(1);
    expect((await deploy(await input("d3"))).model.version).toBe(3);
    expect(await latestVersion(storage, "task00000001")).toBe(3);
    expect((await storage.read(keys.config)).toString()).toContain("versions: [ 2, 3 ]");
  });

  it("never gives two deployments the same version", async () => {
    const made = await Promise.all(await Promise.all(Array.from({ length: 5 }, (_, i) => input(`d${i}`))).then((all) => all.map(deploy)));
    expect(made.map(({ model }) => model.version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  });

  it("refuses a model that cannot serve; the one before goes on", async () => {
    await deploy(await input("d1"));
    await expect(deploy(await input("d2", "wrong-classes"))).rejects.toMatchObject({ field: "model", message: expect.stringMatching(/3 classes/) as unknown });
    expect(await storage.size(keys.onnx(2))).toBeNull();
    expect(await readJson<ModelCard>(storage, keys.card(2))).toMatchObject({ status: "refused", reason: expect.stringMatching(/3 classes/) as unknown });
    expect(await latestVersion(storage, "task00000001")).toBe(1);
    expect((await serving.load({ name: "task00000001", version: 1 })).classes).toEqual(["red", "green"]);
    expect((await storage.read(keys.config)).toString()).toContain("versions: [ 1 ]");
    expect((await deploy(await input("d2"))).model.version).toBe(3);
  });

  it("refuses another file than was exported, none at all, and a name that leads elsewhere", async () => {
    const good = await input("d1");
    for (const [change, field] of [[{ sha256: "0".repeat(64) }, "model_path"], [{ onnxKey: "train_log/none.onnx" }, "model_path"], [{ name: "../videos" }, "name"]] as const) {
      const problem: unknown = await deploy({ ...good, ...change }).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(InputError);
      expect(problem).toMatchObject({ field });
    }
    expect(await storage.list("models/")).toEqual([]);
  });
});
