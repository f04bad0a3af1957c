import { setTimeout as sleep } from "node:timers/promises";
import type { ModelRef } from "../../domain/detections.ts";
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

/** Triton's explicit model control: https://github.com/triton-inference-server/server/tree/main/docs/protocol. All throw ServingError or TritonRefusal. */
export function createTritonControl(options: { url: string; timeoutMs: number }) {
  const { url, timeoutMs } = options;
  const versionUrl = ({ name, version }: ModelRef): string => `${url}/v2/models/${encodeURIComponent(name)}/versions/${version}`;
  const repository = (name: string, action: "load" | "unload"): string => `${url}/v2/repository/models/${encodeURIComponent(name)}/${action}`;
  /** One loading of a model at a time, however many want one of its versions. */
  const loading = new Map<string, Promise<void>>();

  async function isReady(model: ModelRef): Promise<boolean> {
    try {
      await request(`${versionUrl(model)}/ready`, { timeoutMs });
      return true;
    } catch (error) {
      if (error instanceof TritonRefusal && (error.status === 400 || error.status === 404)) return false;
      throw error;
    }
  }

  return {
    versionUrl,
    isReady,

    /** Reads config.pbtxt anew and loads the versions that it lists; when one of them fails, the server goes on as before. */
    load(name: string): Promise<void> {
      const running = loading.get(name);
      if (running !== undefined) return running;
      const own = request(repository(name, "load"), { method: "POST", body: "{}", timeoutMs: LOAD_MS }).then(
        () => void loading.delete(name),
        (error: unknown) => {
          loading.delete(name);
          throw error;
        },
      );
      loading.set(name, own);
      return own;
    },

    /** As `load`, but never the one that is at work already: it may have read the configuration before it was changed. */
    async reload(name: string): Promise<void> {
      await loading.get(name)?.catch(() => undefined);
      await this.load(name);
    },

    async unload(name: string): Promise<void> {
      await request(repository(name, "unload"), { method: "POST", body: "{}", timeoutMs });
    },

    async becomesReady(model: ModelRef): Promise<boolean> {
      const end = Date.now() + READY_MS;
      while (!(await isReady(model))) {
        if (Date.now() > end) return false;
        await sleep(100);
      }
      return true;
    },

    /** Versions that take requests; those that only finish what they have are not among them. */
    async readyVersions(name: string): Promise<number[]> {
      const index = await requestJson<IndexEntry[]>(`${url}/v2/repository/index`, { method: "POST", body: "{}", timeoutMs });
      return index.filter((entry) => entry.name === name && entry.state === "READY").map((entry) => Number(entry.version));
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
