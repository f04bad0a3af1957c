import { availableParallelism } from "node:os";
import type { ModelInfo, ModelRef } from "../../domain/detections.ts";
import { InputError, messageOf } from "../../domain/errors.ts";
import { modelKeys } from "../../domain/layout.ts";
import { modelFactsOf, type GivenNames, type ModelFacts } from "../../domain/model-facts.ts";
import { readOnnxFile } from "../../domain/onnx-file.ts";
import { readJsonIfThere, type Storage } from "../storage/storage.ts";
import { OnnxError, createOnnxClient } from "./onnx-client.ts";
import type { Serving } from "./serving.ts";

/** Models kept in memory side by side; the one not used for the longest time goes first. */
const KEPT = 4;

/** ONNX Runtime in a worker thread of this process. `threads`: cores that one run may use; one is left for decoding. */
export function createOnnxServing(options: { storage: Storage; threads?: number }): Serving {
  const { storage } = options;
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
  /** In the order of their last use. */
  const loaded = new Map<string, Promise<ModelFacts>>();
  const client = createOnnxClient(() => loaded.clear());

  async function loadNow(model: ModelRef): Promise<ModelFacts> {
    const keys = modelKeys(model.name);
    const onnx = keys.onnx(model.version);
    if ((await storage.size(onnx)) === null) {
      throw new InputError({ field: "model", status: 404, message: `there is no model ${keyOf(model)} (${onnx})`, whatToDo: "Name a deployed model." });
    }
    const bytes = await storage.read(onnx);
    const given = await readJsonIfThere<GivenNames>(storage, keys.card(model.version));
    try {
      const facts = modelFactsOf(readOnnxFile(bytes), given ?? {});
      await client.ask({ kind: "load", key: keyOf(model), bytes, facts, threads });
      return facts;
    } catch (error) {
      if (error instanceof OnnxError && !error.model) throw error;
      throw new InputError({
        field: "model",
        status: 422,
        message: `the model ${keyOf(model)} cannot be used: ${messageOf(error)}`,
        whatToDo: "Give an ONNX file as Ultralytics exports it for detect or pose, or train again.",
        cause: error,
      });
    }
  }

  /** Loads a model once, however many ask; one that failed is tried again the next time. */
  function use(model: ModelRef): Promise<ModelFacts> {
    const key = keyOf(model);
    const facts = loaded.get(key) ?? loadNow(model);
    loaded.delete(key);
    loaded.set(key, facts);
    facts.catch(() => {
      if (loaded.get(key) === facts) loaded.delete(key);
    });
    const oldest = loaded.keys().next().value;
    if (loaded.size > KEPT && oldest !== undefined) {
      loaded.delete(oldest);
      void client.ask({ kind: "unload", key: oldest }).catch(() => undefined);
    }
    return facts;
  }

  return {
    kind: "onnx",
    endpointOf: (model) => `onnx://${model.name}/${model.version}`,
    async load(model) {
      const { task, classes, keypoints, imgsz, dynamicSize, stride } = await use(model);
      return { name: model.name, version: model.version, task, classes, keypoints, imgsz, dynamicSize, stride } satisfies ModelInfo;
    },
    async serve({ name, versions }) {
      for (const version of versions) await use({ name, version });
      for (const key of loaded.keys()) {
        if (!key.startsWith(`${name}@`) || versions.includes(Number(key.slice(name.length + 1)))) continue;
        loaded.delete(key);
        await client.ask({ kind: "unload", key }).catch(() => undefined);
      }
    },
    async infer({ model, images, size, confidence, iou, maxDetections }) {
      if (images.length === 0) return [];
      const facts = await use(model);
      const [height, width] = size === undefined ? facts.imgsz : [size.height, size.width];
      const bytes = 3 * height * width;
      if (!facts.dynamicSize && (height !== facts.imgsz[0] || width !== facts.imgsz[1])) throw new Error(`${keyOf(model)} takes images of ${facts.imgsz[1]}x${facts.imgsz[0]}, not ${width}x${height}`);
      // The one copy: the images may share a buffer that is used again; this one moves to the thread.
      const pixels = new Uint8Array(images.length * bytes);
      images.forEach((image, i) => {
        if (image.length !== bytes) throw new Error(`an image of ${image.length} bytes where ${width}x${height} planar RGB has ${bytes}`);
        pixels.set(image, i * bytes);
      });
      return await client.ask({ kind: "infer", key: keyOf(model), pixels, count: images.length, height, width, limits: { confidence, iou, maxDetections } }, [pixels.buffer]);
    },
    close: () => client.close(),
  };
}

const keyOf = (model: ModelRef): string => `${model.name}@${model.version}`;
