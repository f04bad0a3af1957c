import { MockActivityEnvironment } from "@temporalio/testing";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Create } from "sharp";
import { createModelRegistry, type ModelRegistry } from "../../adapters/models/registry.ts";
import { createOnnxServing } from "../../adapters/serving/onnx.ts";
import type { Serving } from "../../adapters/serving/serving.ts";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import type { Storage } from "../../adapters/storage/storage.ts";
import { modelKeys, trainKeys } from "../../domain/layout.ts";
import { PARITY_TOLERANCE } from "../../domain/parity.ts";
import type { Reference } from "../../domain/reference.ts";
import type { DeployInput, DeployOutput, RollBackInput, RollBackOutput } from "../../domain/steps.ts";
import { createRollBackStep } from "../deployment-rollback.ts";
import { createDeployStep } from "../deployment.ts";
import { planarImage } from "../files/planar.ts";

/** Of adapters/serving/fixtures: models that find red (class 0) and green (class 1) squares. */
export const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../../adapters/serving/fixtures/${name}.onnx`, import.meta.url));
export const TASK = "task00000001";
const RED = { r: 255, g: 0, b: 0 };
const GREEN = { r: 0, g: 255, b: 0 };

/** A grey image with a red and a green square of 16 x 16 pixels. */
export function squares(width: number, height: number, shift: number): Promise<Buffer> {
  const square = (background: { r: number; g: number; b: number }): { create: Create } => ({ create: { width: 16, height: 16, channels: 3, background } });
  return sharp({ create: { width, height, channels: 3, background: { r: 114, g: 114, b: 114 } } })
    .composite([{ input: square(RED), left: 8 + shift, top: 16 }, { input: square(GREEN), left: width - 24 - shift, top: 40 }])
    .png()
    .toBuffer();
}

/** What the steps of the queue `deployment` need, real, in a folder of its own. `open`: the target, where it is not the embedded runtime. */
export async function startModelLab(open?: (root: string) => Promise<{ storage: Storage; serving: Serving }>) {
  const root = await mkdtemp(join(tmpdir(), "actverse-models-"));
  const target = await open?.(root);
  const storage = target?.storage ?? createLocalStorage({ root });
  const embedded = createOnnxServing({ storage, threads: 1 });
  const serving = target?.serving ?? embedded;
  const models = createModelRegistry({ storage });
  const lab = {
    root,
    storage,
    serving,
    models,
    keys: modelKeys(TASK),
    /** Reference predictions as the trainer writes them, made by the embedded runtime with another file of the same model. */
    async reference(fixtureName: string, key = `${trainKeys(TASK, 1).prefix}reference/reference.json`): Promise<string> {
      const scratch = { name: `reference-${fixtureName}`, version: 1 };
      await storage.put(modelKeys(scratch.name).onnx(1), await fixture(fixtureName));
      const { dynamicSize } = await embedded.load(scratch);
      const reference: Reference = { imgsz: 64, confidence: 0.6, iou: 0.25, images: [] };
      for (const [i, width] of [64, 64, dynamicSize === true ? 96 : 64].entries()) {
        const file = `${String(i).padStart(5, "0")}.png`;
        await storage.put(key.replace("reference.json", file), await squares(width, 64, 8 * i));
        const { pixels, size } = await planarImage(await storage.localPath(key.replace("reference.json", file)));
        const [found = []] = await embedded.infer({ model: scratch, images: [pixels], size, confidence: 0.6 - PARITY_TOLERANCE.score, iou: 0.25, maxDetections: 300 });
        reference.images.push({ file, ...size, detections: found.map(({ classId, ...rest }) => ({ ...rest, class_id: classId })) });
      }
      for (const object of await storage.list(modelKeys(scratch.name).prefix)) await storage.remove(object);
      await storage.put(key, JSON.stringify(reference));
      return key;
    },
    async input(deploymentId: string, file: string | Buffer = "detect", change: Partial<DeployInput> = {}): Promise<DeployInput> {
      const bytes = typeof file === "string" ? await fixture(file) : file;
      const onnxKey = `train_log/${TASK}/${deploymentId}.onnx`;
      await storage.put(onnxKey, bytes);
      return { taskId: TASK, round: 1, name: TASK, onnxKey, sha256: createHash("sha256").update(bytes).digest("hex"), deploymentId, lineage: { task_id: TASK }, by: "ada", ...change };
    },
    deploy: (input: DeployInput, deps: Partial<Parameters<typeof createDeployStep>[0]> = {}): Promise<DeployOutput> =>
      run(createDeployStep({ storage, serving, embedded, models, ...deps }).deployModel, input),
    rollBack: (input: RollBackInput, deps: Partial<Parameters<typeof createRollBackStep>[0]> = {}): Promise<RollBackOutput> => run(createRollBackStep({ storage, serving, models, ...deps }).rollBackModel, input),
    async stop(): Promise<void> {
      await serving.close();
      await embedded.close();
      await rm(root, { recursive: true, force: true });
    },
  };
  return lab;
}
export type ModelLab = Awaited<ReturnType<typeof startModelLab>>;

export const run = async <I, O>(step: (input: I) => Promise<O>, input: I): Promise<O> => (await new MockActivityEnvironment().run(step as (input: I) => Promise<never>, input)) as O;

export class Crash extends Error {}

/**
 * The same storage, registry and serving for a process that dies at its `at`-th act (writes, removals, requests to the server), counted from 1: before it or
 * after it was done. Nothing works from then on. `died` says whether it came so far.
 */
export function dyingAt({ storage, serving }: { storage: Storage; serving: Serving }, at: number, when: "before" | "after"): { storage: Storage; serving: Serving; embedded: Serving; models: ModelRegistry; died: () => boolean } {
  let acts = 0;
  let dead = false;
  const mortal = <T extends object>(target: T, counted: string[]): T =>
    new Proxy(target, {
      get(of, name, receiver) {
        const member: unknown = Reflect.get(of, name, receiver);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          const act = async (): Promise<unknown> => {
            if (dead) throw new Crash("dead");
            if (!counted.includes(String(name))) return await (member as (...all: unknown[]) => unknown)(...args);
            acts += 1;
            dead = acts === at;
            if (dead && when === "before") throw new Crash(`before ${String(name)}`);
            const result: unknown = await (member as (...all: unknown[]) => unknown)(...args);
            if (dead) throw new Crash(`after ${String(name)}`);
            return result;
          };
          return name === "endpointOf" ? (member as (...all: unknown[]) => unknown)(...args) : act();
        };
      },
    });
  const mortalStorage = mortal(storage, ["put", "createIfAbsent", "remove"]);
  const mortalServing = mortal(serving, ["load", "serve", "infer"]);
  return { storage: mortalStorage, serving: mortalServing, embedded: mortalServing, models: createModelRegistry({ storage: mortalStorage }), died: () => dead };
}

/** All that lies under models/{name}/, without its name, times, and whose turn it is. */
export async function modelAsItLies(storage: Storage, name: string): Promise<Record<string, unknown>> {
  const { prefix, change } = modelKeys(name);
  const keys = (await storage.list(prefix)).filter((key) => key !== change);
  const entries = await Promise.all(
    keys.map(async (key) => {
      const content = await storage.read(key);
      if (key.endsWith(".onnx")) return [key.slice(prefix.length), createHash("sha256").update(content).digest("hex")] as const;
      return [key.slice(prefix.length), content.toString("utf8").replaceAll(name, "NAME").replaceAll(/"\d{4}-\d\d-\d\dT[^"]+Z"/g, '"a time"')] as const;
    }),
  );
  return Object.fromEntries(entries);
}
