import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTritonServing } from "../adapters/serving/triton.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson } from "../adapters/storage/storage.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import type { ModelCard } from "../domain/models.ts";
import { createTriton, standIn, type TritonServer } from "../test/triton-server.ts";
import { planarImage } from "./files/planar.ts";
import { TASK, squares, startModelLab, type ModelLab } from "./models/models.test-tools.ts";

/** Deployments into a real tritonserver. */

describe("a deployment into Triton", () => {
  let server: TritonServer;
  let lab: ModelLab;
  let referenceKey: string;
  beforeAll(async () => {
    lab = await startModelLab(async (root) => {
      server = await createTriton(root);
      await server.start();
      const storage = standIn(createLocalStorage({ root }));
      return { storage, serving: createTritonServing({ storage, url: server.url, timeoutS: 20 }) };
    });
    referenceKey = await lab.reference("detect");
  });
  afterAll(async () => {
    await lab?.stop();
    await server?.stop();
  });
  const card = (version: number): Promise<ModelCard> => readJson<ModelCard>(lab.storage, lab.keys.card(version));
  const picture = async (): Promise<Buffer> => {
    await lab.storage.put("frames/picture.png", await squares(64, 64, 0));
    return (await planarImage(await lab.storage.localPath("frames/picture.png"))).pixels;
  };
  /** Of the red square's box, by whichever version answers. */
  const widthOf = async (image: Buffer): Promise<number> => {
    const version = (await lab.models.served(TASK))!;
    const [found] = await lab.serving.infer({ model: { name: TASK, version }, images: [image], confidence: 0.6, iou: 0.25, maxDetections: 50 });
    return found![0]!.box[2] - found![0]!.box[0];
  };

  it("serves after PyTorch, ONNX Runtime and Triton found the same; refuses what does not, and the one before goes on", async () => {
    const { endpoint, parity } = await lab.deploy(await lab.input("d1", "detect", { referenceKey }));
    expect(endpoint).toBe(`${server.url}/v2/models/${TASK}/versions/1`);
    expect(parity?.map(({ ours, theirs, images, objects, unmatched }) => [ours, theirs, images, objects, unmatched])).toEqual([["pytorch", "onnx", 3, 6, 0], ["pytorch", "triton", 3, 6, 0], ["onnx", "triton", 3, 6, 0]]);
    await expect(lab.deploy(await lab.input("d2", "damaged", { referenceKey }))).rejects.toMatchObject({ field: "model", status: 422, message: expect.stringMatching(/1\.5 px/) as unknown });
    expect((await card(2)).status).toBe("refused");
    expect(await lab.storage.size(lab.keys.onnx(2))).toBeNull();
    expect((await lab.storage.read(lab.keys.config)).toString()).toContain("versions: [ 1 ]");
    expect(await widthOf(await picture())).toBe(24);
  });

  it("refuses a version that cannot stand beside the one that answers, and leaves that one", async () => {
    await expect(lab.deploy(await lab.input("d-other", "pose-fixed-uint8"))).rejects.toMatchObject({ field: "model", message: expect.stringMatching(/side by side/) as unknown });
    expect((await lab.storage.read(lab.keys.config)).toString()).toContain("versions: [ 1 ]");
    expect(await widthOf(await picture())).toBe(24);
  });

  it("that is away in the middle is tried again, and half of it serves at no time", async () => {
    const input = await lab.input("d3", "detect", { referenceKey });
    await server.stop("SIGKILL");
    const problem: unknown = await lab.deploy(input).catch((error: unknown) => error);
    expect(problem).toMatchObject({ name: "ServingError" });
    expect(problem).not.toBeInstanceOf(InputError);
    expect(await lab.models.served(TASK)).toBe(1);
    expect((await lab.storage.read(lab.keys.config)).toString()).toContain("versions: [ 1 ]");
    await server.start();
    expect((await lab.deploy(input)).model.version).toBe((await lab.models.served(TASK))!);
    expect(await widthOf(await picture())).toBe(24);
  });

  it("and a rollback under load fail no request", async () => {
    const image = await picture();
    const good = (await lab.models.served(TASK))!;
    const load = { over: false };
    const widths: number[] = [];
    const failures: string[] = [];
    const asking = Array.from({ length: 3 }, async () => {
      while (!load.over) {
        try {
          widths.push(await widthOf(image));
        } catch (error) {
          failures.push(messageOf(error));
        }
      }
    });
    const answered = async (width: number, count: number): Promise<void> => {
      const from = widths.length;
      while (failures.length === 0 && widths.slice(from).filter((other) => other === width).length < count) await turn();
    };
    await answered(24, 5);
    // Without a reference nothing says that it finds other boxes.
    await lab.deploy(await lab.input("d4", "damaged"));
    await answered(27, 5);
    expect((await lab.rollBack({ taskId: "run000000001", round: 1, name: TASK, by: "ada" })).model.version).toBe(good);
    await answered(24, 5);
    load.over = true;
    await Promise.all(asking);
    expect(failures).toEqual([]);
  });
});
