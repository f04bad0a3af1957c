import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { describeParity, parityHolds } from "../domain/parity.ts";
import { sameWithTriton } from "./same-with-triton.ts";

/** `npm run demo` as a newcomer runs it, on the sample and on a real video. */

interface Summary {
  task_id: string;
  status: string;
  seconds: Record<string, number>;
  frames: number;
  labeled_frames: number;
  labeled_frame_numbers: number[];
  box_map50: number;
  box_map50_95: number;
  keypoint_pck: number | null;
  id_switches: number;
  result_dir: string;
}

const homes: string[] = [];
afterAll(() => Promise.all(homes.map((home) => rm(home, { recursive: true, force: true }))));

async function demo(...flags: string[]): Promise<{ summary: Summary; minutes: number; home: string }> {
  const home = await mkdtemp(join(tmpdir(), "actverse-demo-"));
  homes.push(home);
  const began = Date.now();
  const child = spawn("npm", ["run", "--silent", "demo", "--", "--exit", "--json", "--home", home, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    process.stdout.write(chunk);
  });
  const code = await new Promise((done) => child.once("exit", done));
  expect(code, output.slice(-3000)).toBe(0);
  return { summary: JSON.parse(output.trim().split("\n").at(-1)!) as Summary, minutes: (Date.now() - began) / 60_000, home };
}

let sample: { taskId: string; home: string } | null = null;

it("finds the sample's mice in the frames that nobody labeled", async () => {
  const { summary, minutes, home } = await demo();
  sample = { taskId: summary.task_id, home };
  console.log(`demo: ${minutes.toFixed(1)} minutes, ${JSON.stringify({ ...summary, labeled_frame_numbers: undefined })}`);
  expect(summary.status).toBe("completed");
  expect(summary.labeled_frames).toBe(60);
  expect(new Set(summary.labeled_frame_numbers).size).toBe(60);
  expect(summary.box_map50).toBeGreaterThanOrEqual(0.9);
  expect(summary.id_switches).toBeLessThanOrEqual(3);
});

it("finds the same in every frame of the sample where a real Triton runs its model", async () => {
  expect(sample, "the sample's task").not.toBeNull();
  const parity = await sameWithTriton({ storage: createLocalStorage({ root: join(sample!.home, "data_storage") }), taskId: sample!.taskId });
  console.log(`embedded and Triton: ${describeParity(parity)}`);
  expect(parity.images).toBe(1200);
  expect(parity.objects).toBeGreaterThan(3 * 1200 * 0.9);
  expect(parityHolds(parity), describeParity(parity)).toBe(true);
});

const flies = resolve("..", "shared", "real", "flies");

it.skipIf(!existsSync(flies))("finds the two flies of a real video and their keypoints (skipped where ../shared/real/flies is not there)", async () => {
  const { summary, minutes } = await demo("--video", join(flies, "clip.mp4"), "--truth", join(flies, "truth.json"));
  console.log(`flies: ${minutes.toFixed(1)} minutes, ${JSON.stringify({ ...summary, labeled_frame_numbers: undefined })}`);
  expect(summary.status).toBe("completed");
  expect(summary.labeled_frames).toBe(60);
  expect(summary.box_map50).toBeGreaterThanOrEqual(0.95);
  expect(summary.keypoint_pck).toBeGreaterThanOrEqual(0.65);
});
