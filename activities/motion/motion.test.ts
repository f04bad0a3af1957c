import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { iouOf } from "../../domain/nms.ts";
import type { Truth } from "../../domain/result.ts";
import type { Box } from "./find-moving.ts";
import { findAnimalsByMotion } from "./motion.ts";

const FLIES = new URL("../../../shared/real/flies/", import.meta.url);
const hasFlies = existsSync(new URL("clip.mp4", FLIES));

const iou = (a: readonly number[], b: readonly number[]): number => iouOf(Float64Array.from([...a, ...b]), 0, 1);
const size = { width: 640, height: 480 };

/** Ellipses of 60 x 40 pixels at the given centres before an uneven, noisy background. */
async function draw(file: string, animals: { x: number; y: number }[], look: { ground: string; animal: string }): Promise<void> {
  const ellipses = animals.map(({ x, y }) => `<ellipse cx="${x}" cy="${y}" rx="30" ry="20" fill="${look.animal}"/>`).join("");
  const svg = `<svg width="640" height="480"><rect width="640" height="480" fill="${look.ground}"/><rect x="40" y="60" width="150" height="300" fill="#808080" opacity="0.4"/>${ellipses}</svg>`;
  const noise = await sharp({ create: { ...size, channels: 3, background: "#808080", noise: { type: "gaussian", mean: 128, sigma: 6 } } }).png().toBuffer();
  await sharp(Buffer.from(svg)).composite([{ input: noise, blend: "soft-light" }]).jpeg({ quality: 90 }).toFile(file);
}
const boxOf = ({ x, y }: { x: number; y: number }): Box => [x - 30, y - 20, x + 30, y + 20];

describe("animals found by their motion", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "actverse-motion-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each([
    { name: "dark ones on a bright ground", look: { ground: "#d8d8d8", animal: "#303030" } },
    { name: "bright ones on a dark ground", look: { ground: "#303030", animal: "#d0d0d0" } },
  ])("finds $name, although one rests most of the time, and parts those that touch", async ({ look }) => {
    const scenes = Array.from({ length: 20 }, (_, i) => [
      { x: 100 + 22 * i, y: 120 },
      i < 14 ? { x: 400, y: 350 } : { x: 400 - 40 * (i - 13), y: 350 - 5 * i },
    ]);
    // Two that touch, end to end.
    scenes[3] = [{ x: 300, y: 240 }, { x: 356, y: 240 }];
    const files = scenes.map((_, i) => join(folder, `${String(i).padStart(2, "0")}.jpg`));
    await Promise.all(scenes.map((animals, i) => draw(files[i]!, animals, look)));
    let done = 0;
    const found = await findAnimalsByMotion({ files, size, numAnimals: 2, onProgress: (frames) => (done = frames) });
    expect(done).toBe(20);
    for (const [i, animals] of scenes.entries()) {
      expect(found[i], `frame ${i}`).toHaveLength(2);
      for (const animal of animals) expect(Math.max(...found[i]!.map((box) => iou(box, boxOf(animal)))), `frame ${i}`).toBeGreaterThan(0.6);
    }
    const unknownNumber = await findAnimalsByMotion({ files, size, numAnimals: null });
    expect(unknownNumber.map((boxes) => boxes.length)).toEqual(scenes.map((_, i) => (i === 3 ? 1 : 2)));
  });

  it("finds nothing where nothing moves, and in one frame alone", async () => {
    const files = Array.from({ length: 6 }, (_, i) => join(folder, `${i}.jpg`));
    await Promise.all(files.map((file) => draw(file, [], { ground: "#d8d8d8", animal: "#303030" })));
    expect((await findAnimalsByMotion({ files, size, numAnimals: 2 })).flat()).toEqual([]);
    expect(await findAnimalsByMotion({ files: files.slice(0, 1), size, numAnimals: null })).toEqual([[]]);
  });

  it("ends with its step", async () => {
    const files = Array.from({ length: 40 }, (_, i) => join(folder, `${i}.jpg`));
    await Promise.all(files.map((file) => draw(file, [], { ground: "#d8d8d8", animal: "#303030" })));
    const controller = new AbortController();
    const started = findAnimalsByMotion({ files, size, numAnimals: 2, signal: controller.signal });
    controller.abort();
    await expect(started).rejects.toThrow(/has ended/);
  });

  it.skipIf(!hasFlies)("two real flies: recall at least 0.85 at IoU 0.3 (skipped without ../shared/real/flies)", async () => {
    const truth = JSON.parse(readFileSync(new URL("truth.json", FLIES), "utf8")) as Truth;
    const every = truth.frames / 60;
    await promisify(execFile)("ffmpeg", ["-v", "error", "-nostdin", "-i", new URL("clip.mp4", FLIES).pathname, "-vf", `select=not(mod(n\\,${every}))`, "-fps_mode", "passthrough", "-q:v", "3", join(folder, "%03d.jpg")]);
    const files = (await readdir(folder)).sort().map((name) => join(folder, name));
    expect(files).toHaveLength(60);
    const found = await findAnimalsByMotion({ files, size: truth, numAnimals: 2 });
    const animals = truth.labels.filter(({ frame }) => frame % every === 0).flatMap((label) => label.animals.map((animal) => ({ box: animal.box, boxes: found[label.frame / every] ?? [] })));
    const hits = animals.filter(({ box, boxes }) => boxes.some((other) => iou(box, other) >= 0.3)).length;
    expect(found.flat().length).toBeLessThanOrEqual(120);
    expect(hits / animals.length).toBeGreaterThanOrEqual(0.85);
  });
});
