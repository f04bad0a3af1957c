import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createTriton, standIn } from "../../test/triton-server.ts";
import { createLocalStorage } from "../storage/local.ts";
import { servingContract, type ServingLab } from "./contract.test-suite.ts";
import { deploy } from "./lab.test-tools.ts";
import { createOnnxServing } from "./onnx.ts";
import { createTritonServing } from "./triton.ts";

async function open(root: string): Promise<ServingLab> {
  const server = await createTriton(root);
  await server.start();
  const storage = standIn(createLocalStorage({ root }));
  const serving = createTritonServing({ storage, url: server.url, timeoutS: 60 });
  return {
    storage,
    serving,
    async close() {
      await serving.close();
      await server.stop();
    },
  };
}

servingContract("the real Triton", open);

/** The tolerances of a deployment: pixels of the model's input, and score. */
const PIXELS = 1;
const SCORE = 0.01;

it("finds in the same frames what the embedded runtime finds", async () => {
  const root = await mkdtemp(join(tmpdir(), "actverse-serving-"));
  const lab = await open(root);
  const embedded = createOnnxServing({ storage: lab.storage, threads: 1 });
  // A picture with something everywhere: each frame has many cells with scores of all sizes.
  let state = 7;
  const noise = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const frame = (): Buffer => {
    const cells = Array.from({ length: 3 * 64 }, () => Math.floor(noise() * 256));
    const pixels = Buffer.alloc(3 * 64 * 64);
    for (let i = 0; i < pixels.length; i++) pixels[i] = Math.min(255, cells[Math.floor(i / 4096) * 64 + Math.floor((i % 4096) / 512) * 8 + Math.floor((i % 64) / 8)]! + Math.floor(noise() * 20));
    return pixels;
  };
  const images = Array.from({ length: 21 }, frame);
  try {
    for (const file of ["detect-raw-dynamic-float", "pose-raw-fixed-uint8", "pose-end2end-dynamic-float"]) {
      const model = await deploy(lab.storage, { name: file, file: `all/${file}` });
      const limits = { confidence: 0.05, iou: 0.6, maxDetections: 100 };
      const [ours, theirs] = await Promise.all([embedded, lab.serving].map((serving) => serving.infer({ model, images, ...limits })));
      expect(theirs?.map((all) => all.length)).toEqual(ours?.map((all) => all.length));
      expect(ours?.flat().length).toBeGreaterThan(100);
      for (const [i, one] of (ours?.flat() ?? []).entries()) {
        const other = theirs?.flat()[i];
        const points = (found: typeof one | undefined): number[] => [...(found?.box ?? []), ...(found?.keypoints ?? []).flatMap(([x, y]) => [x, y])];
        const apart = points(one).map((value, k) => Math.abs(value - (points(other)[k] ?? Number.NaN)));
        expect(other?.classId).toBe(one.classId);
        expect(Math.max(...apart)).toBeLessThanOrEqual(PIXELS);
        expect(Math.abs(one.score - (other?.score ?? Number.NaN))).toBeLessThanOrEqual(SCORE);
      }
    }
  } finally {
    await embedded.close();
    await lab.close();
    await rm(root, { recursive: true, force: true });
  }
});
