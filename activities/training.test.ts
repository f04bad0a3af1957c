import { CancelledFailure } from "@temporalio/activity";
import { MockActivityEnvironment } from "@temporalio/testing";
import { appendFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBuiltinLabeling } from "../adapters/labeling/builtin.ts";
import { drawn, SETTINGS, TASK, writeFrames } from "../adapters/labeling/contract.test-suite.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { TrainerError, type ExportReport, type Trainer } from "../adapters/training/trainer.ts";
import { sha256Of } from "../domain/hash.ts";
import { trainKeys } from "../domain/layout.ts";
import type { Progress } from "../domain/state.ts";
import type { DatasetOutput, Parity, TrainOutput } from "../domain/steps.ts";
import type { TaskSettings } from "../domain/task.ts";
import { createDatasetSteps } from "./dataset.ts";
import { createTrainingSteps } from "./training.ts";

const of = { taskId: TASK, round: 1 };
const keys = trainKeys(TASK, 1);
const SOUND: Parity = { images: 2, objects: 4, max_box_px: 0.01, max_score: 0.0001, max_keypoint_px: 0.02, unmatched: 0 };
const EPOCHS = 5;

/** Trains in no time: an epoch is a line of results.csv. It goes on where last.pt is, and ends as told before an epoch. */
function createFakeTrainer() {
  const calls: { begins: number; settings: Record<string, unknown>; images: string[] }[] = [];
  const told = { before: new Map<number, () => Promise<void> | void>(), parity: SOUND, references: ["00000.png", "00001.png"], report: true, int8: undefined as ExportReport["int8"] };
  const trainer: Trainer = {
    async train({ data, runFolder, settings, onCheckpoint, onProgress, signal }) {
      const [last, best, results, model] = [join(runFolder, "weights/last.pt"), join(runFolder, "weights/best.pt"), join(runFolder, "results.csv"), join(runFolder, "model.pt")];
      await mkdir(dirname(last), { recursive: true });
      const begins = Number(await readFile(last, "utf8").catch(() => "-1")) + 1;
      calls.push({ begins, settings: { ...settings }, images: (await readdir(join(dirname(data), "data/images/train"))).toSorted() });
      for (let epoch = begins; epoch < EPOCHS; epoch++) {
        const event = told.before.get(epoch);
        told.before.delete(epoch);
        await event?.();
        signal.throwIfAborted();
        await writeFile(last, String(epoch));
        await writeFile(best, `best of ${epoch}`);
        await appendFile(results, `${epoch}\n`);
        await onCheckpoint({ epoch, last, best, results });
        onProgress({ done: epoch + 1, total: EPOCHS, unit: "epochs", figures: { batch: Number(settings["batch"] ?? 32) } });
      }
      const report = { html: join(runFolder, "report.html"), json: join(runFolder, "report.json") };
      await writeFile(report.html, `report of ${begins}`);
      await writeFile(report.json, "{}");
      await writeFile(model, `model after ${await readFile(results, "utf8")}`);
      return { model, results, epochs: EPOCHS, bestEpoch: 3, base: "from scratch", task: "pose", imgsz: 320, metrics: { box_map50: 0.9 }, notes: ["made by the trainer"], ...(told.report ? { report } : {}) };
    },
    async export({ model, data, imgsz, output, int8, reference }) {
      if (int8 !== undefined) await writeFile(int8, "in 8 bit");
      const images = await readdir(join(dirname(data!), "data/images/val"));
      await writeFile(output, `onnx of ${await readFile(model, "utf8")} at ${imgsz} with ${images.length}`);
      await mkdir(reference!, { recursive: true });
      for (const name of told.references) await writeFile(join(reference!, name), `as the network gets it: ${name}`);
      await writeFile(join(reference!, "reference.json"), JSON.stringify({ imgsz, confidence: 0.25, iou: 0.7, images: told.references.map((name) => ({ file: name, width: 64, height: 64, detections: [] })) }));
      return { parity: told.parity, imgsz: imgsz ?? 320, task: "pose", ...(int8 === undefined || told.int8 === undefined ? {} : { int8: told.int8 }) };
    },
  };
  return { trainer, calls, told };
}

let root: string;
let workFolder: string;
let storage: Storage;
let dataset: DatasetOutput;
let fake: ReturnType<typeof createFakeTrainer>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-training-"));
  workFolder = join(root, "work");
  storage = createLocalStorage({ root: join(root, "data") });
  fake = createFakeTrainer();
  await writeFrames(storage);
  dataset = await label(60);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function label(x: number): Promise<DatasetOutput> {
  const tool = createBuiltinLabeling({ storage });
  await tool.request({ ...of, title: "t", settings: SETTINGS });
  for (const { frame, version } of await tool.read(of)) await tool.save({ ...of, frame, basedOn: version, reviewed: true, objects: [{ ...drawn("a", x), keypoints: [[x, 20, 2], [x, 30, 2], [x, 40, 2]] }], by: "ann" });
  const { key, snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial: false });
  return await new MockActivityEnvironment().run(createDatasetSteps({ storage }).buildDataset, { ...of, snapshotKey: key, sha256: snapshot.sha256, settings: SETTINGS });
}

/** Each call is an attempt of its own, on a worker that knows nothing but storage. */
async function train(training: TaskSettings["training"] = {}, environment = new MockActivityEnvironment()): Promise<TrainOutput> {
  const steps = createTrainingSteps({ storage, trainer: fake.trainer, workFolder, files: { allowedRoots: [root], allowedHosts: [], maxBytes: 0 } });
  return await environment.run(steps.trainModel, { ...of, dataset, settings: { ...SETTINGS, training } });
}
const crash = () => {
  throw new TrainerError("crash", "killed");
};
const outOfMemory = () => {
  throw new TrainerError("memory", "out of memory");
};
const text = async (key: string): Promise<string> => (await storage.read(key)).toString();
const begins = (): number[] => fake.calls.map((call) => call.begins);
const ALL_EPOCHS = "0\n1\n2\n3\n4\n";

describe("trainModel", () => {
  it("trains, publishes, and reports each epoch", async () => {
    const environment = new MockActivityEnvironment();
    const beats: (Progress | undefined)[] = [];
    environment.on("heartbeat", (progress: Progress | undefined) => beats.push(progress));
    const output = await train({ batch: 8, epochs: EPOCHS }, environment);
    expect(output).toEqual({ modelKey: keys.model, resultsKey: keys.resultsCsv, epochs: EPOCHS, bestEpoch: 3, base: "from scratch", task: "pose", imgsz: 320, metrics: { box_map50: 0.9 }, notes: ["made by the trainer"] });
    expect(await text(keys.model)).toBe(`model after ${ALL_EPOCHS}`);
    expect(await text(keys.resultsCsv)).toBe(ALL_EPOCHS);
    expect(fake.calls).toMatchObject([{ begins: 0, settings: { task: "pose", batch: 8, epochs: EPOCHS } }]);
    expect(fake.calls[0]!.images).toHaveLength(dataset.train);
    for (let done = 1; done <= EPOCHS; done++) expect(beats).toContainEqual({ done, total: EPOCHS, unit: "epochs", figures: { batch: 8 } });
    expect(await readdir(join(workFolder, "training", `${TASK}-1`))).toEqual([]);
  });

  it("does not train again what is trained", async () => {
    const first = await train();
    expect(await train()).toEqual(first);
    expect(begins()).toEqual([0]);
    await storage.remove(keys.model);
    expect(await train()).toEqual(first);
    expect(begins()).toEqual([0, EPOCHS]);
  });

  it("goes on after the last published epoch when the trainer crashed, also on another machine", async () => {
    fake.told.before.set(3, crash);
    await expect(train()).rejects.toMatchObject({ name: "TrainerError", kind: "crash" });
    workFolder = join(root, "another machine");
    await train();
    expect(begins()).toEqual([0, 3]);
    expect(await text(keys.resultsCsv)).toBe(ALL_EPOCHS);
  });

  it("does an epoch again whose checkpoint was not published whole, and keeps the one before", async () => {
    const disk = storage;
    storage = { ...disk, put: (key, content) => (key === `${keys.checkpoint(2)}best.pt` ? Promise.reject(new Error("disk full")) : disk.put(key, content)) };
    await expect(train()).rejects.toThrow("disk full");
    storage = disk;
    await train();
    expect(begins()).toEqual([0, 2]);
    expect(await text(keys.resultsCsv)).toBe(ALL_EPOCHS);
  });

  it("keeps two checkpoints, and takes the one before where the last is damaged", async () => {
    fake.told.before.set(4, crash);
    await expect(train()).rejects.toThrow("killed");
    expect((await storage.list(keys.checkpoints)).filter((key) => key.endsWith("last.pt"))).toEqual([`${keys.checkpoint(2)}last.pt`, `${keys.checkpoint(3)}last.pt`]);
    await storage.put(`${keys.checkpoint(3)}last.pt`, "damaged");
    expect((await train()).notes.join()).toContain("The checkpoint of epoch 3 was damaged: training went on from epoch 2");
    expect(begins()).toEqual([0, 3]);
    expect(await text(keys.resultsCsv)).toBe(ALL_EPOCHS);
  });

  it("asks before it begins again where no checkpoint could be read, and says so", async () => {
    fake.told.before.set(2, crash);
    await expect(train()).rejects.toThrow("killed");
    for (const epoch of [0, 1]) await storage.remove(`${keys.checkpoint(epoch)}best.pt`);
    await expect(train()).rejects.toMatchObject({ name: "InputError", message: expect.stringContaining("the checkpoints of epochs 1 and 0 in storage are damaged") as string, whatToDo: expect.stringContaining("retry the training") as string });
    expect(begins()).toEqual([0]);
    expect((await train()).notes.join()).toContain("training began again from its first epoch");
    expect(begins()).toEqual([0, 0]);
    expect(await text(keys.resultsCsv)).toBe(ALL_EPOCHS);
  });

  it("does the only epoch again that is lost, and says so", async () => {
    fake.told.before.set(1, crash);
    await expect(train()).rejects.toThrow("killed");
    await storage.put(`${keys.checkpoint(0)}last.pt`, "damaged");
    expect((await train()).notes.join()).toContain("The checkpoint of epoch 0 was damaged: training began again from its first epoch.");
    expect(begins()).toEqual([0, 0]);
  });

  it("begins anew with other settings and with other labels", async () => {
    fake.told.before.set(3, crash);
    await expect(train({ imgsz: 320 })).rejects.toThrow("killed");
    await train({ imgsz: 256 });
    await train({ imgsz: 320 });
    dataset = await label(100);
    await train({ imgsz: 320 });
    expect(begins()).toEqual([0, 0, 0, 0]);
    expect(await text(keys.resultsCsv)).toBe(ALL_EPOCHS);
  });

  it("halves the batch where memory runs out, goes on from the last checkpoint, and remembers it", async () => {
    fake.told.before.set(2, outOfMemory);
    fake.told.before.set(3, crash);
    await expect(train()).rejects.toThrow("killed");
    const { notes } = await train();
    expect(fake.calls.map((call) => [call.begins, call.settings["batch"]])).toEqual([[0, undefined], [2, 16], [3, 16]]);
    expect(notes).toEqual(["Memory ran out with a batch of 32: training went on with 16.", "made by the trainer"]);
  });

  it("shares a smaller batch evenly by the GPUs", async () => {
    fake.told.before.set(1, outOfMemory);
    await train({ batch: 12, device: "0,1,2,3" });
    expect(fake.calls.map((call) => call.settings["batch"])).toEqual([12, 4]);
  });

  it("takes a second kill in the same epoch, where the machine does not tell why, for a lack of memory", async () => {
    const killed = () => {
      throw new TrainerError("killed", "The trainer ended with SIGKILL");
    };
    for (const epoch of [1, 3]) {
      fake.told.before.set(epoch, killed);
      await expect(train({ batch: 8 })).rejects.toMatchObject({ kind: "killed" });
    }
    fake.told.before.set(3, killed);
    expect((await train({ batch: 8 })).notes.join()).toContain("Memory ran out with a batch of 8: training went on with 4");
    expect(fake.calls.map((call) => [call.begins, call.settings["batch"]])).toEqual([[0, 8], [1, 8], [3, 8], [3, 4]]);
  });

  it("gives up with a clear error when even a batch of one is too large", async () => {
    const { trainer } = fake;
    fake.trainer = { ...trainer, train: (options) => trainer.train({ ...options, onProgress: outOfMemory }) };
    await expect(train({ batch: 4 })).rejects.toMatchObject({ name: "InputError", field: "training.imgsz" });
    expect(fake.calls.map((call) => call.settings["batch"])).toEqual([4, 2, 1]);
  });

  it("turns what the trainer cannot use into an error of the input", async () => {
    fake.told.before.set(0, () => {
      throw new TrainerError("input", "no such base model");
    });
    await expect(train()).rejects.toMatchObject({ name: "InputError", field: "training", message: "no such base model" });
  });

  it("begins from a base model of the user's own only where they may read", async () => {
    await writeFile(join(root, "own.pt"), "weights");
    await symlink("/etc/passwd", join(root, "link.pt"));
    for (const base of ["/etc/passwd.pt", join(root, "link.pt"), join(root, "none.pt")]) await expect(train({ base_model: base })).rejects.toMatchObject({ name: "InputError", field: "training.base_model" });
    expect(fake.calls).toEqual([]);
    await train({ base_model: join(root, "own.pt") });
    expect(fake.calls[0]!.settings["base_model"]).toBe(await realpath(join(root, "own.pt")));
  });

  it("lets an attempt that was replaced publish nothing more", async () => {
    fake.told.before.set(2, async () => {
      workFolder = join(root, "another machine");
      await train();
    });
    await expect(train()).rejects.toThrow("taken over");
    expect(await text(keys.model)).toBe(`model after ${ALL_EPOCHS}`);
    expect(begins()).toEqual([0, 2]);
  });

  it("keeps its checkpoints when it is cancelled", async () => {
    const environment = new MockActivityEnvironment();
    fake.told.before.set(3, () => environment.cancel());
    await expect(train({}, environment)).rejects.toBeInstanceOf(CancelledFailure);
    await train();
    expect(begins()).toEqual([0, 3]);
  });
});

describe("the report", () => {
  it("lies beside the model, and not that of an earlier training", async () => {
    await train({ imgsz: 320 });
    expect([await text(keys.reportHtml), await text(keys.reportJson)]).toEqual(["report of 0", "{}"]);
    fake.told.report = false;
    await train({ imgsz: 256 });
    expect([await storage.size(keys.reportHtml), await storage.size(keys.reportJson)]).toEqual([null, null]);
  });
});

describe("exportModel", () => {
  const exportModel = (more: { int8?: boolean } = {}) => new MockActivityEnvironment().run(createTrainingSteps({ storage, trainer: fake.trainer, workFolder, files: { allowedRoots: [root], allowedHosts: [], maxBytes: 0 } }).exportModel, { ...of, modelKey: keys.model, dataKey: dataset.dataKey, imgsz: 320, ...more });

  it("publishes the ONNX file that agrees with the model, with its hash", async () => {
    await train();
    const onnx = `onnx of model after ${ALL_EPOCHS} at 320 with ${dataset.val}`;
    expect(await exportModel()).toEqual({ onnxKey: keys.onnx, sha256: sha256Of(onnx), parity: SOUND, referenceKey: keys.referenceJson });
    expect(await text(keys.onnx)).toBe(onnx);
    expect(await storage.list(keys.reference)).toEqual([`${keys.reference}00000.png`, `${keys.reference}00001.png`, keys.referenceJson]);
    expect(await text(`${keys.reference}00001.png`)).toBe("as the network gets it: 00001.png");
    expect(await readdir(join(workFolder, "export"))).toEqual([]);
  });

  it("publishes the model in 8 bit where that was asked for and is as good", async () => {
    await train();
    const parity = { ...SOUND, max_box_px: 2.4, max_score: 0.08 };
    fake.told.int8 = { parity, pointsLost: 0.3 };
    expect(await exportModel({ int8: true })).toEqual({ onnxKey: keys.onnx, sha256: sha256Of("in 8 bit"), parity, precision: "int8", referenceKey: keys.referenceJson, notes: [expect.stringMatching(/^The model serves in 8 bit: .* 2\.4 px, .* 0\.3 points lower$/)] });
    expect(await text(keys.onnx)).toBe("in 8 bit");
    // Not asked for.
    expect(await exportModel()).toMatchObject({ parity: SOUND });
    expect(await text(keys.onnx)).toContain("onnx of model");
  });

  it.each<[string, NonNullable<ExportReport["int8"]>, string]>([
    ["finds other boxes", { parity: { ...SOUND, max_box_px: 3.1 }, pointsLost: 0 }, "3.1 px"],
    ["finds one more", { parity: { ...SOUND, unmatched: 1 }, pointsLost: 0 }, "1 objects have no counterpart"],
    ["is less accurate", { parity: SOUND, pointsLost: 1.2 }, "1.2 points lower"],
    ["cannot be made", { refused: "the nodes have other names" }, "the nodes have other names"],
  ])("publishes the model as it was trained where the one in 8 bit %s, and says so", async (_what, int8, why) => {
    await train();
    fake.told.int8 = int8;
    const made = await exportModel({ int8: true });
    expect(made).toMatchObject({ parity: SOUND, notes: [expect.stringContaining(why)] });
    expect(made).not.toHaveProperty("precision");
    expect(await text(keys.onnx)).toContain("onnx of model");
  });

  it("leaves nothing of an earlier reference", async () => {
    await train();
    await exportModel();
    fake.told.references = ["00000.png"];
    await exportModel();
    expect(await storage.list(keys.reference)).toEqual([`${keys.reference}00000.png`, keys.referenceJson]);
  });

  it.each<[string, Partial<Parity>]>([
    ["a box is off", { max_box_px: 1.5 }],
    ["a keypoint is off", { max_keypoint_px: 2 }],
    ["a score is off", { max_score: 0.02 }],
    ["an object has no counterpart", { unmatched: 1 }],
    ["nothing was compared", { images: 0 }],
    ["the results are no numbers", { max_box_px: Number.NaN }],
  ])("publishes nothing where %s", async (_what, parity) => {
    await train();
    fake.told.parity = { ...SOUND, ...parity };
    await expect(exportModel()).rejects.toMatchObject({ name: "InputError", field: "model.onnx", message: expect.stringMatching(/over \d+ images with \d+ objects a box differs by up to/) as string });
    expect(await storage.size(keys.onnx)).toBeNull();
  });
});
