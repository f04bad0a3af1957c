import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Progress } from "../../domain/state.ts";
import { createTrainer } from "./process.ts";
import { makeTinyDataset, trainerProject } from "./tiny-dataset.test-suite.ts";
import type { TrainOptions } from "./trainer.ts";

const { projectFolder, python } = trainerProject();

const SETTINGS = { imgsz: 64, epochs: 2, batch: 32, device: "cpu", task: "pose" };
/** How much a process gives way; where Linux shares the cores among sessions, also its session, without which the former says nothing. */
function nicenessOf(pid: number): number[] {
  const session = `/proc/${pid}/autogroup`;
  return [getPriority(pid), ...(existsSync(session) ? [Number(/ nice (-?\d+)/.exec(readFileSync(session, "utf8"))?.[1])] : [])];
}
/** Processes whose command line has this word. */
const processesWith = (word: string): string[] => spawnSync("ps", ["axww", "-o", "pid=,args="], { encoding: "utf8" }).stdout.split("\n").filter((line) => line.includes(word));

describe.skipIf(!existsSync(python))("the trainer as a child process", () => {
  let folder: string;
  let data: string;
  const trainer = createTrainer({ projectFolder, python, niceness: 10 });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "actverse-trainer-"));
    data = await makeTinyDataset(folder);
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
    const niceness: number[] = [];
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
          niceness.push(...processesWith(join(folder, "whole")).flatMap((line) => nicenessOf(Number.parseInt(line, 10))));
        },
      }),
    );
    // Whoever waits for a page comes before it.
    expect(Math.min(...niceness)).toBeGreaterThanOrEqual(10);
    expect(seen).toEqual(["checkpoint 0", "epoch 1", "checkpoint 1", "epoch 2"]);
    expect(progress[0]).toMatchObject({ done: 0, total: 2, unit: "epochs", figures: { batch: 32 } });
    expect(progress.at(-1)?.figures).toHaveProperty("box_map50");
    // Within the second epoch: what is known now, and what the first one reached.
    expect(progress.find(({ message }) => message?.startsWith("epoch 2"))?.figures).toMatchObject({ batch: 32, images_per_s: expect.any(Number) as number, seconds_left: expect.any(Number) as number, box_loss: expect.any(Number) as number, box_map50: expect.any(Number) as number });
    expect(report).toMatchObject({ epochs: 2, task: "pose", imgsz: 64 });
    expect(report.base).toContain("from scratch");

    const output = join(folder, "model.onnx");
    const reference = join(folder, "reference");
    const { parity } = await trainer.export({ model: report.model, data, imgsz: report.imgsz, output, reference, signal: new AbortController().signal, onProgress: () => undefined });
    expect(existsSync(output)).toBe(true);
    const { images } = JSON.parse(await readFile(join(reference, "reference.json"), "utf8")) as { images: { file: string }[] };
    expect(images.length).toBe(3);
    expect(images.every(({ file }) => existsSync(join(reference, file)))).toBe(true);
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

  it("ends all that the trainer has started, also what does not heed SIGTERM", async () => {
    const [program, controller] = [join(folder, "stubborn"), new AbortController()];
    await writeFile(program, `#!/bin/sh\ntrap '' TERM\n(trap '' TERM; sleep 300; true stubborn ${folder}) &\necho '{"event":"start","epochs":2}'\nwait\nsleep 300\n`, { mode: 0o755 });
    let group = 0;
    const stubborn = createTrainer({ projectFolder, python: program });
    const run = stubborn.train(options("stubborn-run", {
      signal: controller.signal,
      onProgress: () => {
        group = Number.parseInt(processesWith(program)[0]!, 10);
        controller.abort(new Error("cancelled by a person"));
      },
    }));
    await expect(run).rejects.toThrow("cancelled by a person");
    const left = spawnSync("ps", ["axww", "-o", "pgid=,stat=,args="], { encoding: "utf8" }).stdout.split("\n");
    // What has ended and waits for its parent to notice is no process any more.
    const alive = left.filter((line) => Number.parseInt(line, 10) === group && !/^\s*\d+\s+Z/.test(line));
    expect(group).toBeGreaterThan(0);
    expect(alive).toEqual([]);
  }, 30_000);

  it("says what is wrong with the input, and is not to be tried again", async () => {
    await expect(trainer.train(options("bad", { settings: { ...SETTINGS, scale: "n", base_model: "/no/such/model.pt" } }))).rejects.toMatchObject({ name: "TrainerError", kind: "input", message: expect.stringContaining("/no/such/model.pt") as string });
  }, 120_000);

  it("ends the trainer when a checkpoint cannot be published", async () => {
    const full = new Error("disk full");
    await expect(trainer.train(options("full", { onCheckpoint: () => Promise.reject(full) }))).rejects.toBe(full);
    expect(processesWith(join(folder, "full"))).toEqual([]);
  }, 120_000);

  it.each([
    ["memory", "is there, and counts the kill", "oom_kill 3", "oom_kill 4"],
    ["crash", "is there, and counts nothing: it was somebody's kill -9", "oom_kill 3", "oom_kill 3"],
    ["killed", "is not there", "", ""],
  ])("a SIGKILL is of the kind %s where the host's counter %s", async (kind, _how, before, after) => {
    const [counter, program] = [join(folder, `memory.events-${kind}`), join(folder, `killed-${kind}`)];
    if (before !== "") await writeFile(counter, `low 0\noom 9\n${before}\noom_group_kill 0\n`);
    // Stands for the trainer: what counts is the kernel's signal and the counter.
    await writeFile(program, `#!/bin/sh\n${after === "" ? "" : `sed -i.old "s/${before}/${after}/" ${counter}`}\nkill -9 $$\n`, { mode: 0o755 });
    const victim = createTrainer({ projectFolder, python: program, counters: [join(folder, "none"), counter] });
    await expect(victim.train(options(`victim-${kind}`))).rejects.toMatchObject({ name: "TrainerError", kind, message: expect.stringContaining("SIGKILL") as string });
  });

  it("says so when the trainer cannot be started", async () => {
    const broken = createTrainer({ projectFolder, python: join(folder, "no-python") });
    await expect(broken.train(options("none"))).rejects.toMatchObject({ name: "TrainerError", kind: "crash" });
  });
});
