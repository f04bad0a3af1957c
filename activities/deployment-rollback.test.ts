import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJson } from "../adapters/storage/storage.ts";
import { messageOf } from "../domain/errors.ts";
import { modelKeys } from "../domain/layout.ts";
import type { ServingPointer } from "../domain/models.ts";
import type { RollBackInput } from "../domain/steps.ts";
import { planarImage } from "./files/planar.ts";
import { Crash, dyingAt, modelAsItLies, squares, startModelLab, type ModelLab } from "./models/models.test-tools.ts";

describe("a rollback", () => {
  let lab: ModelLab;
  beforeAll(async () => {
    lab = await startModelLab();
  });
  afterAll(() => lab.stop());
  const deployed = async (name: string, files: string[]): Promise<void> => {
    for (const [i, file] of files.entries()) await lab.deploy(await lab.input(`d${i + 1}`, file, { name }));
  };
  const input = (name: string, runId: string, change: Partial<RollBackInput> = {}): RollBackInput => ({ taskId: runId, round: 1, name, by: "bob", ...change });

  it("makes the version before answer again, once however often it is tried, and says who and why", async () => {
    await deployed("plain", ["detect", "detect", "detect"]);
    expect(await lab.rollBack(input("plain", "r1", { why: "flies were missed" }))).toEqual({ model: { name: "plain", version: 2 }, endpoint: "onnx://plain/2" });
    expect((await lab.rollBack(input("plain", "r1"))).model.version).toBe(2);
    expect(await readJson<ServingPointer>(lab.storage, modelKeys("plain").serving)).toMatchObject({ version: 2, before: [1], by: "bob", why: "flies were missed" });
    expect((await lab.storage.read(modelKeys("plain").config)).toString()).toContain("versions: [ 1, 2, 3 ]");
    expect((await lab.rollBack(input("plain", "r2", { version: 3 }))).model.version).toBe(3);
    expect((await lab.rollBack(input("plain", "r3", { version: 1 }))).model.version).toBe(1);
    // A new one follows on all that were.
    expect((await lab.deploy(await lab.input("d4", "detect", { name: "plain" }))).model.version).toBe(4);
    expect(await lab.models.served("plain")).toBe(4);
  });

  it("is refused where there is nothing to go back to", async () => {
    await deployed("single", ["detect"]);
    await expect(lab.rollBack(input("single", "r1"))).rejects.toMatchObject({ field: "version", status: 409 });
    await expect(lab.rollBack(input("single", "r1", { version: 7 }))).rejects.toMatchObject({ field: "version", status: 409 });
    for (const name of ["none", "../videos"]) await expect(lab.rollBack(input(name, "r1"))).rejects.toMatchObject({ field: "name", status: 404 });
  });

  it("to a version that can no longer be loaded leaves the present one", async () => {
    await deployed("broken", ["detect", "detect"]);
    const fresh = await startModelLab();
    for (const key of await lab.storage.list("models/broken/")) await fresh.storage.put(key, await lab.storage.read(key));
    await fresh.storage.put(modelKeys("broken").onnx(1), "no model");
    await expect(fresh.rollBack(input("broken", "r1"))).rejects.toMatchObject({ field: "model" });
    expect(await fresh.models.served("broken")).toBe(2);
    await fresh.stop();
  });

  it("from a version whose file is damaged since leads back all the same", async () => {
    await deployed("rotten", ["detect", "detect"]);
    await lab.storage.put(modelKeys("rotten").onnx(2), "no model any more");
    expect((await lab.rollBack(input("rotten", "r1"))).model.version).toBe(1);
    expect((await lab.storage.read(modelKeys("rotten").config)).toString()).toContain("versions: [ 1 ]");
  });

  it("that is killed at any point ends the same after a retry", async () => {
    await deployed("undisturbed", ["detect", "detect"]);
    await lab.rollBack(input("undisturbed", "r1"));
    const lies = await modelAsItLies(lab.storage, "undisturbed");
    let points = 0;
    for (const when of ["before", "after"] as const) {
      for (let at = 1; ; at++) {
        const name = `${when}-act-${at}`;
        await deployed(name, ["detect", "detect"]);
        const mortal = dyingAt(lab, at, when);
        const first: unknown = await lab.rollBack(input(name, "r1"), mortal).catch((error: unknown) => error);
        if (!mortal.died()) break;
        points += 1;
        expect(first, name).toBeInstanceOf(Crash);
        expect([1, 2], name).toContain(await lab.models.served(name));
        await lab.rollBack(input(name, "r1"));
        expect(await modelAsItLies(lab.storage, name), name).toEqual(lies);
      }
    }
    expect(points).toBeGreaterThan(6);
  });

  it("and a deployment under load fail no request", async () => {
    await deployed("busy", ["detect", "damaged"]);
    const images = [(await planarImage(await pictureFile())).pixels];
    const answers: number[] = [];
    const failures: string[] = [];
    const load = { over: false };
    // Who asks for the model by its name alone, without a pause, three at a time.
    const asking = Array.from({ length: 3 }, async () => {
      while (!load.over) {
        try {
          const version = (await lab.models.served("busy"))!;
          const [found] = await lab.serving.infer({ model: { name: "busy", version }, images, confidence: 0.6, iou: 0.25, maxDetections: 50 });
          answers.push(found![0]!.box[2] - found![0]!.box[0]);
        } catch (error) {
          failures.push(messageOf(error));
        }
        await turn();
      }
    });
    const answered = async (width: number, count: number): Promise<void> => {
      const from = answers.length;
      while (failures.length === 0 && answers.slice(from).filter((answer) => answer === width).length < count) await turn();
    };
    await answered(27, 20);
    await lab.rollBack(input("busy", "r1"));
    await answered(24, 20);
    await lab.deploy(await lab.input("d3", "damaged", { name: "busy" }));
    await answered(27, 20);
    await lab.rollBack(input("busy", "r2"));
    await answered(24, 20);
    load.over = true;
    await Promise.all(asking);
    expect(failures).toEqual([]);
    expect(answers.at(-1)).toBe(24);
  });

  async function pictureFile(): Promise<string> {
    await lab.storage.put("frames/picture.png", await squares(64, 64, 0));
    return await lab.storage.localPath("frames/picture.png");
  }
});
