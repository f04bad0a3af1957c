import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Progress } from "../../domain/state.ts";
import { createTrainer } from "./process.ts";
import type { TrainOptions } from "./trainer.ts";

const projectFolder = resolve(import.meta.dirname, "../../trainer");
const python = await findPython();

/** The set-up writes where the environment is. */
async function findPython(): Promise<string> {
  const found = join(projectFolder, "../.actverse/env.json");
  const named = existsSync(found) ? (JSON.parse(await readFile(found, "utf8")) as { python?: string }).python : undefined;
  return named ?? join(projectFolder, ".venv/bin/python");
}

const SETTINGS = { imgsz: 64, epochs: 2, batch: 32, device: "cpu", task: "pose" };
const SIDE = 64;

/** Dark discs with a bright spot, one a frame. */
async function makeDataset(folder: string): Promise<string> {
  for (const [split, count] of [["train", 6], ["val", 3]] as const) {
    const [images, labels] = [join(folder, "data/images", split), join(folder, "data/labels", split)];
    await mkdir(images, { recursive: true });
    await mkdir(labels, { recursive: true });
    for (let i = 0; i < count; i += 1) {
      const [x, y] = [16 + ((i * 13) % 32), 16 + ((i * 7) % 32)];
      const svg = `<svg width="${SIDE}" height="${SIDE}"><rect width="64" height="64" fill="#999"/><circle cx="${x}" cy="${y}" r="9" fill="#222"/><circle cx="${x + 4}" cy="${y}" r="3" fill="#fff"/></svg>`;
      await sharp(Buffer.from(svg)).jpeg().toFile(join(images, `${i}.jpg`));
      await writeFile(join(labels, `${i}.txt`), `${[0, x / SIDE, y / SIDE, 18 / SIDE, 18 / SIDE, (x + 4) / SIDE, y / SIDE, 2].join(" ")}\n`);
    }
  }
  const yaml = join(folder, "data.yaml");
  await writeFile(yaml, `path: ${JSON.stringify(join(folder, "data"))}\ntrain: images/train\nval: images/val\nnames: {0: bug}\nkpt_shape: [1, 3]\nkpt_names: [spot]\n`);
  return yaml;
}

/** Processes whose command line has this word. */
const processesWith = (word: string): string[] => spawnSync("ps", ["axww", "-o", "pid=,args="], { encoding: "utf8" }).stdout.split("\n").filter((line) => line.includes(word));

describe.skipIf(!existsSync(python))("the trainer as a child process", () => {
  let folder: string;
  let data: string;
  const trainer = createTrainer({ projectFolder, python });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "actverse-trainer-"));
    data = await makeDataset(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const options = (name: string, more: Partial<TrainOptions> = {}): TrainOptions => ({
    data,
    runFolder: join(folder, name),
    settings: SETTINGS,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onCheckpoint: async () => undefined,
    log: () => undefined,
    ...more,
  });

  it("trains, waits until each checkpoint is taken, and exports what PyTorch and ONNX Runtime agree on", async () => {
    const seen: string[] = [];
    const progress: Progress[] = [];
    const report = await trainer.train(
      options("whole", {
        onProgress: (p) => {
          progress.push(p);
          if (p.message === undefined) seen.push(`epoch ${p.done}`);
        },
        onCheckpoint: async ({ epoch, last, best, results }) => {
          await new Promise((done) => setTimeout(done, 200));
          expect([last, best, results].every((file) => existsSync(file))).toBe(true);
          seen.push(`checkpoint ${epoch}`);
        },
      }),
    );
    expect(seen).toEqual(["checkpoint 0", "epoch 1", "checkpoint 1", "epoch 2"]);
    expect(progress[0]).toMatchObject({ done: 0, total: 2, unit: "epochs", figures: { batch: 32 } });
    expect(progress.at(-1)?.figures).toHaveProperty("box_map50");
    expect(report).toMatchObject({ epochs: 2, task: "pose", imgsz: 64 });
    expect(report.base).toContain("from scratch");

    const output = join(folder, "model.onnx");
    const { parity } = await trainer.export({ model: report.model, data, imgsz: report.imgsz, output, signal: new AbortController().signal, onProgress: () => undefined });
    expect(existsSync(output)).toBe(true);
    expect(parity.images).toBe(3);
    expect(parity.unmatched).toBe(0);
    expect(Math.max(parity.max_box_px, parity.max_keypoint_px)).toBeLessThan(1);
  }, 240_000);

  it("ends the whole process group when the task is cancelled", async () => {
    const controller = new AbortController();
    const reason = new Error("cancelled by a person");
    const run = trainer.train(options("cancelled", { settings: { ...SETTINGS, epochs: 5000 }, signal: controller.signal, onProgress: (p) => p.done > 0 && controller.abort(reason) }));
    await expect(run).rejects.toBe(reason);
    expect(processesWith(join(folder, "cancelled"))).toEqual([]);
  }, 240_000);

  it("says what is wrong with the input, and is not to be tried again", async () => {
    await expect(trainer.train(options("bad", { settings: { ...SETTINGS, scale: "n", base_model: "/no/such/model.pt" } }))).rejects.toMatchObject({ name: "TrainerError", kind: "input", message: expect.stringContaining("/no/such/model.pt") as string });
  }, 120_000);

  it("ends the trainer when a checkpoint cannot be published", async () => {
    const full = new Error("disk full");
    await expect(trainer.train(options("full", { onCheckpoint: () => Promise.reject(full) }))).rejects.toBe(full);
    expect(processesWith(join(folder, "full"))).toEqual([]);
  }, 120_000);

  it("says so when the trainer cannot be started", async () => {
    const broken = createTrainer({ projectFolder, python: join(folder, "no-python") });
    await expect(broken.train(options("none"))).rejects.toMatchObject({ name: "TrainerError", kind: "crash" });
  });
});
