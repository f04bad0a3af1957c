import type { ModelRef } from "../../domain/detections.ts";
import { InputError } from "../../domain/errors.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { readOnnxFile } from "../../domain/onnx-file.ts";
import { servedTogether } from "../../domain/served-together.ts";
import { tritonTensors, type TritonTensors } from "../../domain/triton-config.ts";
import type { Storage } from "../storage/storage.ts";
import { infoOf, nameOf, readModel, together } from "./model-files.ts";
import { ServingError, type Serving } from "./serving.ts";
import { createThreadClient } from "./thread-client.ts";
import { ThreadProblem, type TritonRequest } from "./thread-messages.ts";
import { checkServed } from "./triton-check.ts";
import { createTritonControl } from "./triton-control.ts";
import { loadFailure, readFailure } from "./triton-errors.ts";

/** What is needed to ask for a version. */
interface Ready {
  facts: ModelFacts;
  maxBatch: number;
}

/**
 * NVIDIA Triton with explicit model control, over HTTP. Its model repository is the folder `models` of the storage, so that it reads the same files.
 * `timeoutS`: of one inference request.
 */
export function createTritonServing(options: { storage: Storage; url: string; timeoutS: number }): Serving {
  const { storage } = options;
  const url = options.url.replace(/\/+$/, "");
  const timeoutMs = options.timeoutS * 1000;
  const control = createTritonControl({ url, timeoutMs });
  const client = createThreadClient<TritonRequest>({ entry: new URL("triton-thread.ts", import.meta.url).href, onDeath: () => undefined });
  const ready = new Map<string, Promise<Ready>>();

  /** Of versions that one server has at a time; it has one configuration for all of them. */
  async function tensorsOf(name: string, versions: number[]): Promise<TritonTensors> {
    const files = await Promise.all(versions.map(async (version) => readOnnxFile((await readModel(storage, { name, version })).bytes)));
    const common = servedTogether(files);
    if (common === null) throw notBeside(name, versions);
    return tritonTensors(common);
  }

  /** Loads it where the server does not have it, and sees that the server has what the file says. */
  async function prepare(model: ModelRef): Promise<Ready> {
    const { facts } = await readModel(storage, model);
    const isReady = await control.ensure(model, (versions) => tensorsOf(model.name, versions)).catch((error: unknown) => {
      throw loadFailure(error, model);
    });
    if (!isReady) throw notServed(model);
    const served = await control.describe(model);
    checkServed(model, facts, served);
    await client.ask({ kind: "check", url: control.versionUrl(model), facts, maxBatch: served.maxBatch, timeoutMs }).catch((error: unknown) => {
      throw readFailure(error, model, control.versionUrl(model));
    });
    return { facts, maxBatch: served.maxBatch };
  }

  /** Anew: the server may have been started again since. */
  function load(model: ModelRef): Promise<Ready> {
    const name = nameOf(model);
    const preparing = prepare(model);
    ready.set(name, preparing);
    preparing.catch(() => {
      if (ready.get(name) === preparing) ready.delete(name);
    });
    return preparing;
  }

  return {
    kind: "triton",
    endpointOf: (model) => control.versionUrl(model),
    load: async (model) => infoOf(model, (await load(model)).facts),

    async serve({ name, versions }) {
      // Before the server reads a file, we do: it would follow one that points to others.
      await Promise.all(versions.map((version) => readModel(storage, { name, version })));
      if (versions.length === 0) return await control.unload(name);
      const missing = await control.reload(name, versions).catch((error: unknown) => {
        throw loadFailure(error, { name, version: versions.at(-1) ?? 0 });
      });
      if (missing.length > 0) throw new ServingError(url, `the server does not serve ${name}@${missing.join(", ")} after loading; does its model repository lie in the same storage (${storage.location}), and does config.pbtxt list this version?`);
    },

    async infer({ model, images, size, confidence, iou, maxDetections }) {
      if (images.length === 0) return [];
      const ask = async ({ facts, maxBatch }: Ready) => {
        const block = together({ model, facts, images, size });
        return await client.ask({ kind: "infer", url: control.versionUrl(model), facts, maxBatch, timeoutMs, limits: { confidence, iou, maxDetections }, ...block }, [block.pixels.buffer]);
      };
      try {
        return await ask(await (ready.get(nameOf(model)) ?? load(model))).catch(async (error: unknown) => {
          // The server was started again, or this version was let go of and is served again.
          if (error instanceof ThreadProblem && error.problem === "absent") return await ask(await load(model));
          throw error;
        });
      } catch (error) {
        throw readFailure(error, model, control.versionUrl(model));
      }
    },

    close: () => client.close(),
  };
}

function notServed(model: ModelRef): InputError {
  return new InputError({ field: "model", status: 409, message: `Triton does not serve ${nameOf(model)}, nor any other version of ${model.name} (its config.pbtxt)`, whatToDo: "Deploy it again, or name a version that is served." });
}

function notBeside(name: string, versions: number[]): InputError {
  return new InputError({
    field: "model",
    status: 409,
    message: `Triton cannot serve the versions ${versions.join(" and ")} of ${name} side by side: their inputs or outputs have other names, types or batches`,
    whatToDo: "Deploy it under another name.",
  });
}
