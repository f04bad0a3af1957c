import { availableParallelism } from "node:os";
import type { ModelRef } from "../../domain/detections.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import type { Storage } from "../storage/storage.ts";
import { createLanes } from "./lanes.ts";
import { cannotServe, infoOf, nameOf, readModel, sizeOfImages } from "./model-files.ts";
import { ServingError, type Serving } from "./serving.ts";
import { ThreadProblem, type OnnxRequest } from "./thread-messages.ts";

/** Threads that run models side by side, each with a session of its own: on more cores than this, a session has several. */
const MAX_LANES = 16;
/** Models kept in memory side by side; the one not used for the longest time goes first. */
const KEPT = 4;

interface Loaded {
  model: ModelRef;
  /** Of its sessions in the threads: each loading has its own. */
  key: string;
  facts: Promise<ModelFacts>;
  /** Requests that need it; it stays until the last of them is answered. */
  users: number;
  gone: boolean;
}

/**
 * ONNX Runtime in worker threads of this process. `threads`: cores that it may use; default: all. One image at a time on one core each
 * is quicker than many at once on all of them: no core waits for another.
 */
export function createOnnxServing(options: { storage: Storage; threads?: number }): Serving {
  const { storage } = options;
  const cores = options.threads ?? availableParallelism();
  const count = Math.min(cores, MAX_LANES);
  const threads = Math.floor(cores / count);
  /** In the order of their last use. */
  const loaded = new Map<string, Loaded>();
  let loadings = 0;
  const lanes = createLanes<OnnxRequest>({ entry: new URL("onnx-thread.ts", import.meta.url).href, count, onDeath: () => loaded.clear() });
  const endpointOf = (model: ModelRef): string => `onnx://${model.name}/${model.version}`;

  /** What the thread says, as our callers know it. */
  const failure = (model: ModelRef, error: unknown): unknown => {
    if (!(error instanceof ThreadProblem)) return error;
    return error.problem === "model" ? cannotServe(model, error) : new ServingError(endpointOf(model), error.message, { cause: error });
  };

  async function loadNow(model: ModelRef, key: string): Promise<ModelFacts> {
    const { bytes, facts } = await readModel(storage, model);
    await lanes.askEach({ kind: "load", key, bytes, facts, threads });
    return facts;
  }

  const unload = (key: string): void => void lanes.askEach({ kind: "unload", key }).catch(() => undefined);

  /** For those who come from now on it is not there; whoever is with it is served. */
  function letGo(entry: Loaded): void {
    loaded.delete(nameOf(entry.model));
    entry.gone = true;
    if (entry.users === 0) unload(entry.key);
  }

  /** Loads a model once, however many ask; one that failed is tried again the next time. It stays loaded until `work` is done. */
  async function using<T>(model: ModelRef, work: (key: string, facts: ModelFacts) => Promise<T>): Promise<T> {
    const name = nameOf(model);
    let entry = loaded.get(name);
    if (entry === undefined) {
      loadings += 1;
      const key = `${name}#${loadings}`;
      entry = { model, key, facts: loadNow(model, key), users: 0, gone: false };
    }
    loaded.delete(name);
    loaded.set(name, entry);
    entry.users += 1;
    const [oldest] = loaded.values();
    if (loaded.size > KEPT && oldest !== undefined) letGo(oldest);
    try {
      const facts = await entry.facts.catch((error: unknown) => {
        if (loaded.get(name) === entry) loaded.delete(name);
        throw error;
      });
      return await work(entry.key, facts);
    } catch (error) {
      throw failure(model, error);
    } finally {
      entry.users -= 1;
      if (entry.gone && entry.users === 0) unload(entry.key);
    }
  }

  return {
    kind: "onnx",
    endpointOf,
    load: (model) => using(model, async (_key, facts) => infoOf(model, facts)),
    async serve({ name, versions }) {
      await Promise.all(versions.map((version) => using({ name, version }, async () => undefined)));
      for (const entry of loaded.values()) if (entry.model.name === name && !versions.includes(entry.model.version)) letGo(entry);
    },
    infer: async ({ model, images, size, confidence, iou, maxDetections }) =>
      images.length === 0
        ? []
        : await using(model, async (key, facts) => {
            const job = { kind: "infer", key, limits: { confidence, iou, maxDetections }, ...sizeOfImages({ model, facts, images, size }) } as const;
            const atOnce = facts.batch ?? 1;
            const starts = Array.from({ length: Math.ceil(images.length / atOnce) }, (_, i) => i * atOnce);
            const found = await Promise.all(
              starts.map(async (start) => {
                const sent = images.slice(start, start + atOnce).map(forThreads);
                return await lanes.ask({ ...job, images: sent }, sent.flatMap(({ buffer }) => (buffer instanceof SharedArrayBuffer ? [] : [buffer])));
              }),
            );
            return found.flat();
          }),
    close: () => lanes.close(),
  };
}

/** Shared memory goes as it is; else a copy, since the images may lie in a buffer that is used again. */
const forThreads = (image: Buffer): Uint8Array => (image.buffer instanceof SharedArrayBuffer ? image : new Uint8Array(image));
