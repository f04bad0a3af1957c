import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createOnnxServing } from "../adapters/serving/onnx.ts";
import type { Serving } from "../adapters/serving/serving.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson } from "../adapters/storage/storage.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import { frameKeys, trainKeys } from "../domain/layout.ts";
import type { ModelCard, ServingPointer } from "../domain/models.ts";
import type { Reference } from "../domain/reference.ts";
import type { DeployInput } from "../domain/steps.ts";
import { Crash, TASK, dyingAt, fixture, modelAsItLies, squares, startModelLab, type ModelLab } from "./models/models.test-tools.ts";

/** An ONNX file with one more entry of metadata: protobuf files that are put one behind another are one. Short texts only. */
function withMetadata(onnx: Buffer, key: string, value: string): Buffer {
  const field = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);
  return Buffer.concat([onnx, field(0x72, Buffer.concat([field(0x0a, Buffer.from(key)), field(0x12, Buffer.from(value))]))]);
}

describe("deployment", () => {
  let lab: ModelLab;
  beforeEach(async () => {
    lab = await startModelLab();
  });
  afterEach(() => lab.stop());
  const card = (version: number): Promise<ModelCard> => readJson<ModelCard>(lab.storage, lab.keys.card(version));
  const pointer = (): Promise<ServingPointer> => readJson<ServingPointer>(lab.storage, lab.keys.serving);
  const config = async (): Promise<string> => (await lab.storage.read(lab.keys.config)).toString();

  it("makes a version with its model, card, pointer and Triton configuration", async () => {
    const manifest = trainKeys(TASK, 1).manifest;
    await lab.storage.put(manifest, "{}");
    const referenceKey = await lab.reference("pose-fixed-uint8");
    const made = await lab.deploy(await lab.input("d1", "pose-fixed-uint8", { referenceKey, lineage: { task_id: TASK, round: 1, manifest } }));
    const agree = { ours: "pytorch", theirs: "onnx", images: 3, objects: 6, max_box_px: 0, max_score: 0, max_keypoint_px: 0, unmatched: 0 };
    expect(made).toEqual({ model: { name: TASK, version: 1 }, endpoint: `onnx://${TASK}/1`, parity: [agree] });
    expect(await lab.storage.read(lab.keys.onnx(1))).toEqual(await fixture("pose-fixed-uint8"));
    expect(await card(1)).toMatchObject({
      status: "deployed", deployment_id: "d1", owner: "ada", endpoint: `onnx://${TASK}/1`, deployed_at: expect.stringMatching(/Z$/) as unknown,
      task: "pose", classes: ["red", "green"], keypoints: ["centre", "corner"], imgsz: [64, 64], opset: 17,
      inputs: [{ name: "images", type: "uint8", shape: [2, 3, 64, 64] }], outputs: [{ name: "output0", type: "float32", shape: [2, 12, null] }],
      parity: { reference: referenceKey, checks: [agree] },
      lineage: { task_id: TASK, round: 1, manifest_sha256: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" },
    });
    expect(await pointer()).toMatchObject({ version: 1, before: [], by: "ada", why: "deployed", change_id: "d1" });
    expect(await config()).toContain("versions: [ 1 ]");
    expect(await lab.models.served(TASK)).toBe(1);
  });

  it("lets a model in 8 bit differ from PyTorch a little more than another, and says what it is", async () => {
    const referenceKey = await lab.reference("pose-fixed-uint8");
    const reference = await readJson<Reference>(lab.storage, referenceKey);
    for (const { detections } of reference.images) for (const { box } of detections) box[2] += 2;
    await lab.storage.put(referenceKey, JSON.stringify(reference));
    await expect(lab.deploy(await lab.input("d1", "pose-fixed-uint8", { referenceKey }))).rejects.toThrow(/up to 2 px.*allowed are 1 px and 0.01/);
    expect(await card(1)).not.toHaveProperty("precision");
    const made = await lab.deploy(await lab.input("d2", withMetadata(await fixture("pose-fixed-uint8"), "precision", "int8"), { referenceKey }));
    expect(made).toMatchObject({ model: { version: 2 }, parity: [{ max_box_px: 2, unmatched: 0 }] });
    expect(await card(2)).toMatchObject({ status: "deployed", precision: "int8" });
    for (const { detections } of reference.images) for (const { box } of detections) box[2] += 2;
    await lab.storage.put(referenceKey, JSON.stringify(reference));
    await expect(lab.deploy(await lab.input("d3", withMetadata(await fixture("pose-fixed-uint8"), "precision", "int8"), { referenceKey }))).rejects.toThrow(/up to 4 px.*allowed are 3 px and 0.15/);
  });

  it("is one version however often it is tried, and another for another deployment", async () => {
    const first = await lab.input("d1");
    await lab.deploy(first);
    expect((await lab.deploy(await lab.input("d2"))).model.version).toBe(2);
    expect((await lab.deploy(first)).model.version).toBe(1);
    expect(await pointer()).toMatchObject({ version: 2, before: [1] });
    expect((await lab.deploy(await lab.input("d3"))).model.version).toBe(3);
    expect(await pointer()).toMatchObject({ version: 3, before: [2, 1] });
    expect(await config()).toContain("versions: [ 2, 3 ]");
  });

  it("gives two deployments at once a version each; who comes second says so and is tried again", async () => {
    const inputs = await Promise.all(["d1", "d2", "d3", "d4"].map((id) => lab.input(id)));
    const untilDone = async (i: number): Promise<number> => {
      for (;;) {
        const made = await lab.deploy(inputs[i]!).catch((error: Error) => error);
        if (!(made instanceof Error)) return made.model.version;
        expect(made.message).toMatch(/has taken over/);
        // As Temporal does: not all at the same moment.
        await new Promise((resolve) => setTimeout(resolve, 50 * (i + 1)));
      }
    };
    const versions = await Promise.all(inputs.map((_, i) => untilDone(i)));
    expect(versions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    expect(await pointer()).toMatchObject({ version: 4 });
    expect(await config()).toContain("4 ] } }");
  });

  it("refuses a model that cannot serve; the one before goes on", async () => {
    await lab.deploy(await lab.input("d1"));
    await expect(lab.deploy(await lab.input("d2", "wrong-classes"))).rejects.toMatchObject({ field: "model", message: expect.stringMatching(/3 classes/) as unknown });
    expect(await lab.storage.size(lab.keys.onnx(2))).toBeNull();
    expect(await card(2)).toMatchObject({ status: "refused", reason: expect.stringMatching(/3 classes/) as unknown });
    expect(await lab.models.served(TASK)).toBe(1);
    expect((await lab.serving.load({ name: TASK, version: 1 })).classes).toEqual(["red", "green"]);
    expect(await config()).toContain("versions: [ 1 ]");
    expect((await lab.deploy(await lab.input("d2"))).model.version).toBe(3);
    expect(await config()).toContain("versions: [ 1, 3 ]");
  });

  it("refuses a damaged model that loads but finds something else, with the figures", async () => {
    const referenceKey = await lab.reference("detect");
    await lab.deploy(await lab.input("d1", "detect", { referenceKey }));
    const problem: unknown = await lab.deploy(await lab.input("d2", "damaged", { referenceKey })).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(InputError);
    expect(problem).toMatchObject({ field: "model", status: 422, message: expect.stringMatching(/with onnx as with pytorch: over 3 images with 6 objects a box differs by up to 1\.5 px/) as unknown });
    expect(await card(2)).toMatchObject({ status: "refused", reason: expect.stringMatching(/1\.5 px/) as unknown });
    expect(await lab.storage.size(lab.keys.onnx(2))).toBeNull();
    expect(await pointer()).toMatchObject({ version: 1, change_id: "d1" });
    expect(await config()).toContain("versions: [ 1 ]");
  });

  it("compares another target with PyTorch and with the embedded runtime, in frames where there is no reference", async () => {
    const serveFrom = async (file: string): Promise<Serving> => {
      const other = createLocalStorage({ root: `${lab.root}/server-${file}` });
      for (const version of [1, 2, 3]) await other.put(lab.keys.onnx(version), await fixture(file));
      return { ...createOnnxServing({ storage: other, threads: 1 }), kind: "triton" };
    };
    const [good, bad] = [await serveFrom("detect"), await serveFrom("damaged")];
    const referenceKey = await lab.reference("detect");
    const { parity } = await lab.deploy(await lab.input("d1", "detect", { referenceKey }), { serving: good });
    expect(parity?.map(({ ours, theirs, images }) => `${ours}-${theirs} ${images}`)).toEqual(["pytorch-onnx 3", "pytorch-triton 3", "onnx-triton 3"]);
    await expect(lab.deploy(await lab.input("d2", "detect", { referenceKey }), { serving: bad })).rejects.toThrow(/with triton as with pytorch/);

    const frame = frameKeys("task00000002", 1);
    await lab.storage.put(frame.image(0), await squares(128, 128, 0));
    await lab.storage.put(frame.list, JSON.stringify({ task_id: "task00000002", width: 128, height: 128, frames: [{ frame: 0, time: 0, image_key: frame.image(0) }] }));
    const brought = await lab.deploy(await lab.input("d3", "detect"), { serving: good });
    expect(brought.parity).toMatchObject([{ ours: "onnx", theirs: "triton", images: 1 }]);
    await Promise.all([good.close(), bad.close()]);
  });

  it("refuses another file than was exported, none at all, what is no model, and a name that leads elsewhere", async () => {
    const good = await lab.input("d1");
    const external = await lab.input("d2", "external-data");
    const cases = [[good, { sha256: "0".repeat(64) }, "model_path"], [good, { onnxKey: "train_log/none.onnx" }, "model_path"], [good, { name: "../videos" }, "name"], [external, {}, "model"], [good, { referenceKey: "train_log/none.json" }, "model"]] as const;
    for (const [input, change, field] of cases.slice(0, 4)) {
      const problem: unknown = await lab.deploy({ ...input, ...change }).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(InputError);
      expect(problem).toMatchObject({ field });
    }
    expect((await lab.storage.list("models/")).filter((key) => !key.endsWith("change.json"))).toEqual([]);
    await expect(lab.deploy({ ...good, referenceKey: "train_log/none.json" })).rejects.toThrow(/no reference predictions at train_log\/none\.json/);
  });

  it("counts a model.onnx that was put there by hand, also a newer one than was deployed", async () => {
    await lab.storage.put(lab.keys.onnx(1), await fixture("detect"));
    expect(await lab.models.served(TASK)).toBe(1);
    await lab.deploy(await lab.input("d1"));
    expect(await pointer()).toMatchObject({ version: 2, before: [1] });
    await lab.storage.put(lab.keys.onnx(7), await fixture("detect"));
    expect(await lab.models.served(TASK)).toBe(7);
    expect((await lab.deploy(await lab.input("d2"))).model.version).toBe(8);
    expect(await pointer()).toMatchObject({ version: 8, before: [7, 2, 1] });
  });
});

describe("a deployment that is killed", () => {
  let lab: ModelLab;
  beforeAll(async () => {
    lab = await startModelLab();
  });
  afterAll(() => lab.stop());

  for (const [file, what] of [["end2end", "of a good model"], ["damaged", "of a model that is refused"]] as const) {
    it(`at any point ${what} is never half done, and ends the same after a retry`, async () => {
      const good = await lab.reference("detect");
      const referenceKey = file === "damaged" ? good : await lab.reference(file, "train_log/end2end/reference/reference.json");
      /** A model of this name with version 1 deployed; then the deployment of `file` as version 2. */
      const scene = async (name: string): Promise<DeployInput> => {
        await lab.deploy(await lab.input("d1", "detect", { name, referenceKey: good }));
        return await lab.input("d2", file, { name, referenceKey });
      };
      const outcome = (input: DeployInput): Promise<unknown> => lab.deploy(input).then(({ model }) => model.version, (error: unknown) => messageOf(error));
      const undisturbed = await scene(`${file}-undisturbed`);
      const expected = await outcome(undisturbed);
      const lies = await modelAsItLies(lab.storage, `${file}-undisturbed`);

      let points = 0;
      for (const when of ["before", "after"] as const) {
        for (let at = 1; ; at++) {
          const point = `${file}-${when}-act-${at}`;
          const second = await scene(point);
          const mortal = dyingAt(lab, at, when);
          const first: unknown = await lab.deploy(second, mortal).catch((error: unknown) => error);
          if (!mortal.died()) break;
          points += 1;
          expect(first, point).toBeInstanceOf(Crash);
          // Whatever answers now was found good: the old version, or the new one once it has passed.
          const version = (await lab.models.served(point))!;
          expect(file === "damaged" ? [1] : [1, 2], point).toContain(version);
          expect((await lab.serving.load({ name: point, version })).classes).toEqual(["red", "green"]);
          expect(await outcome(second), point).toEqual(expected);
          expect(await modelAsItLies(lab.storage, point), point).toEqual(lies);
          for (const key of await lab.storage.list(`models/${point}/`)) await lab.storage.remove(key);
        }
      }
      expect(points).toBeGreaterThan(16);
    });
  }
});
