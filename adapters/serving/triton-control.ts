import { setTimeout as sleep } from "node:timers/promises";
import type { ModelRef } from "../../domain/detections.ts";
import type { TritonTensors } from "../../domain/triton-config.ts";
import { ServingError } from "./serving.ts";
import { request, requestJson, TritonRefusal } from "./triton-http.ts";

/** Tensors as the server describes them; -1: any size. With batching on, the batch is the first of `shape`. */
export interface ServedTensor {
  name: string;
  datatype: string;
  shape: number[];
}

export interface ServedModel {
  inputs: ServedTensor[];
  outputs: ServedTensor[];
  /** 0: the server puts no requests together and `shape` is all there is. */
  maxBatch: number;
}

interface IndexEntry {
  name: string;
  version?: string;
  state?: string;
  reason?: string;
}

/** Loading may copy the file to a graphics card and optimise it. */
const LOAD_MS = 240_000;
/** A model that the server says is loaded is ready at once; a busy one may say so a moment later. */
const READY_MS = 2_000;
/** Another process may change at the same moment what the server has of a model. */
const ATTEMPTS = 3;

/** Triton's explicit model control: https://github.com/triton-inference-server/server/tree/main/docs/protocol. All throw ServingError or TritonRefusal. */
export function createTritonControl(options: { url: string; timeoutMs: number }) {
  const { url, timeoutMs } = options;
  const versionUrl = ({ name, version }: ModelRef): string => `${url}/v2/models/${encodeURIComponent(name)}/versions/${version}`;
  const repository = (name: string, action: "load" | "unload"): string => `${url}/v2/repository/models/${encodeURIComponent(name)}/${action}`;
  /** What the server has of a model is changed by one after another, as far as this process goes. */
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const own = (turns.get(name) ?? Promise.resolve()).then(work, work);
    turns.set(name, own);
    const over = (): void => {
      if (turns.get(name) === own) turns.delete(name);
    };
    own.then(over, over);
    return own;
  };

  async function isReady(model: ModelRef): Promise<boolean> {
    try {
      await request(`${versionUrl(model)}/ready`, { timeoutMs });
      return true;
    } catch (error) {
      if (error instanceof TritonRefusal && (error.status === 400 || error.status === 404)) return false;
      throw error;
    }
  }

  async function becomesReady(model: ModelRef): Promise<boolean> {
    const end = Date.now() + READY_MS;
    while (!(await isReady(model))) {
      if (Date.now() > end) return false;
      await sleep(100);
    }
    return true;
  }

  /** Versions that take requests; those that only finish what they have are not among them. */
  async function readyVersions(name: string): Promise<number[]> {
    const index = await requestJson<IndexEntry[]>(`${url}/v2/repository/index`, { method: "POST", body: "{}", timeoutMs });
    return index.filter((entry) => entry.name === name && entry.state === "READY").map((entry) => Number(entry.version));
  }

  /** Loads the versions that config.pbtxt lists, or those of `config`, and lets go of the others; when one of them fails, the server goes on as before. */
  const load = async (name: string, config?: object): Promise<void> => {
    const body = JSON.stringify(config === undefined ? {} : { parameters: { config: JSON.stringify(config) } });
    await request(repository(name, "load"), { method: "POST", body, timeoutMs: LOAD_MS });
  };

  /** Beside those that serve now, which config.pbtxt may not list. `tensors`: of all these versions together. */
  async function loadBeside(model: ModelRef, present: number[], tensors: (versions: number[]) => Promise<TritonTensors>): Promise<void> {
    const { name, version } = model;
    const versions = [...new Set([...present, version])].toSorted((a, b) => a - b);
    const [served, config] = await Promise.all([tensors(versions), requestJson<object>(`${versionUrl({ name, version: present[0]! })}/config`, { timeoutMs })]);
    await load(name, { ...config, ...served, version_policy: { specific: { versions } } });
  }

  return {
    versionUrl,

    /** Has the server serve what config.pbtxt lists, read anew; of `versions`, which it should list, those that do not become ready. */
    reload: (name: string, versions: number[]): Promise<number[]> =>
      inTurn(name, async () => {
        for (let attempt = 1; ; attempt++) {
          await load(name);
          const isThere = await Promise.all(versions.map((version) => becomesReady({ name, version })));
          const missing = versions.filter((_, i) => !isThere[i]);
          if (missing.length === 0 || attempt === ATTEMPTS) return missing;
        }
      }),

    /** Has it loaded where the server does not have it; false where the server has nothing of this model. `tensors` as in `loadBeside`. */
    ensure: (model: ModelRef, tensors: (versions: number[]) => Promise<TritonTensors>): Promise<boolean> =>
      inTurn(model.name, async () => {
        for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
          if (await isReady(model)) return true;
          const present = await readyVersions(model.name);
          // A server that was started again has nothing of it until it reads config.pbtxt.
          if (present.length === 0) await load(model.name);
          else await loadBeside(model, present, tensors);
          if (await becomesReady(model)) return true;
          if ((await readyVersions(model.name)).length === 0) return false;
        }
        throw new ServingError(versionUrl(model), `the server does not keep this version loaded: something else changes what it has of ${model.name}`);
      }),

    async unload(name: string): Promise<void> {
      await request(repository(name, "unload"), { method: "POST", body: "{}", timeoutMs });
    },

    async describe(model: ModelRef): Promise<ServedModel> {
      const at = versionUrl(model);
      const [metadata, config] = await Promise.all([
        requestJson<{ inputs?: ServedTensor[]; outputs?: ServedTensor[] }>(at, { timeoutMs }),
        requestJson<{ max_batch_size?: number }>(`${at}/config`, { timeoutMs }),
      ]);
      return { inputs: metadata.inputs ?? [], outputs: metadata.outputs ?? [], maxBatch: config.max_batch_size ?? 0 };
    },
  };
}

export type TritonControl = ReturnType<typeof createTritonControl>;
