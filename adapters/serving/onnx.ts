import { availableParallelism } from "node:os";
import type { ModelRef } from "../../domain/detections.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import type { Storage } from "../storage/storage.ts";
import { cannotServe, infoOf, nameOf, readModel, together } from "./model-files.ts";
import { ServingError, type Serving } from "./serving.ts";
import { createThreadClient } from "./thread-client.ts";
import { ThreadProblem, type OnnxRequest } from "./thread-messages.ts";

/** Models kept in memory side by side; the one not used for the longest time goes first. */
const KEPT = 4;

interface Loaded {
  model: ModelRef;
  /** Of its session in the thread: each loading has its own. */
  key: string;
  facts: Promise<ModelFacts>;
  /** Requests that need it; it stays until the last of them is answered. */
  users: number;
  gone: boolean;
}

/** ONNX Runtime in a worker thread of this process. `threads`: cores that one run may use; one is left for decoding. */
export function createOnnxServing(options: { storage: Storage; threads?: number }): Serving {
  const { storage } = options;
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
  /** In the order of their last use. */
  const loaded = new Map<string, Loaded>();
  let loadings = 0;
  const client = createThreadClient<OnnxRequest>({ entry: new URL("onnx-thread.ts", import.meta.url).href, onDeath: () => loaded.clear() });
  const endpointOf = (model: ModelRef): string => `onnx://${model.name}/${model.version}`;

  /** What the thread says, as our callers know it. */
  const failure = (model: ModelRef, error: unknown): unknown => {
    if (!(error instanceof ThreadProblem)) return error;
    return error.problem === "model" ? cannotServe(model, error) : new ServingError(endpointOf(model), error.message, { cause: error });
  };

  async function loadNow(model: ModelRef, key: string): Promise<ModelFacts> {
    const { bytes, facts } = await readModel(storage, model);
    await client.ask({ kind: "load", key, bytes, facts, threads });
    return facts;
  }

  const unload = (key: string): void => void client.ask({ kind: "unload", key }).catch(() => undefined);

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
            const block = together({ model, facts, images, size });
            return await client.ask({ kind: "infer", key, ...block, limits: { confidence, iou, maxDetections } }, [block.pixels.buffer]);
          }),
    close: () => client.close(),
  };
}
