import { createHash } from "node:crypto";
import { readJsonIfThere } from "../adapters/storage/storage.ts";
import type { ModelRef } from "../domain/detections.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import { modelKeys } from "../domain/layout.ts";
import { readOnnxFile } from "../domain/onnx-file.ts";
import type { DeployInput, DeployOutput } from "../domain/steps.ts";
import { tritonConfig } from "../domain/triton-config.ts";
import type { Deps } from "./deps.ts";
import { deployedVersions, isModelName, versionsOf, type ModelCard } from "./model-repository.ts";
import { longStep } from "./step-context.ts";

/** Versions that Triton keeps loaded: the newest and the one that may still be at work. */
const SERVED = 2;

/** Puts a model where it is served: models/{name}/{version}/, a new version each time; the ones before stay as they are. */
export function createDeploymentSteps(deps: Pick<Deps, "storage" | "serving">) {
  const { storage, serving } = deps;

  /** The version that this deployment has begun, or a new one: whoever creates its model.json owns the number. */
  async function claim(input: DeployInput): Promise<ModelCard> {
    const { name, deploymentId, sha256, lineage } = input;
    const versions = await versionsOf(storage, name);
    for (const version of versions) {
      const card = await readJsonIfThere<ModelCard>(storage, modelKeys(name).card(version));
      if (card?.deployment_id === deploymentId && card.status !== "refused") return card;
    }
    for (let version = (versions.at(-1) ?? 0) + 1; ; version++) {
      const card: ModelCard = { name, version, status: "deploying", deployment_id: deploymentId, deployed_at: null, sha256, classes: namesIn(lineage["classes"]), keypoints: namesIn(lineage["keypoints"]), lineage };
      if (await storage.createIfAbsent(modelKeys(name).card(version), JSON.stringify(card, null, 2))) return card;
    }
  }

  return {
    deployModel: (input: DeployInput): Promise<DeployOutput> =>
      longStep(async (context) => {
        const { name, onnxKey, sha256 } = input;
        if (!isModelName(name)) throw new InputError({ field: "name", message: `"${name}" cannot be a model's name`, whatToDo: "Use at most 64 letters, digits, - and _, beginning with a letter or digit." });
        if ((await storage.size(onnxKey)) === null) throw new InputError({ field: "model_path", status: 404, message: `there is no model at ${onnxKey}`, whatToDo: "Train first, or name an ONNX file that is there." });
        const bytes = await storage.read(onnxKey);
        const actual = createHash("sha256").update(bytes).digest("hex");
        if (actual !== sha256) throw new InputError({ field: "model_path", status: 422, message: `${onnxKey} is not the model that was exported: its SHA-256 is ${actual}, not ${sha256}`, whatToDo: "Export the model again." });

        const card = await claim(input);
        const keys = modelKeys(name);
        const model: ModelRef = { name, version: card.version };
        await storage.put(keys.onnx(card.version), bytes);
        context.report({ done: 1, total: 2, unit: "steps", message: `loading ${name}@${card.version}` });
        try {
          const info = await serving.load(model);
          const deployed: ModelCard = { ...card, status: "deployed", classes: info.classes, keypoints: info.keypoints, deployed_at: card.deployed_at ?? new Date().toISOString() };
          const versions = [...new Set([...(await deployedVersions(storage, name)), card.version])].sort((a, b) => a - b);
          await storage.put(keys.config, tritonConfig({ name, file: readOnnxFile(bytes), versions: versions.slice(-SERVED) }));
          await storage.put(keys.card(card.version), JSON.stringify(deployed, null, 2));
        } catch (error) {
          // What cannot serve leaves no file that a server could pick up; its number is not used again.
          if (error instanceof InputError) {
            await storage.put(keys.card(card.version), JSON.stringify({ ...card, status: "refused", reason: messageOf(error) } satisfies ModelCard, null, 2));
            await storage.remove(keys.onnx(card.version));
          }
          throw error;
        }
        context.log("model deployed", { model: `${name}@${card.version}`, endpoint: serving.endpointOf(model) });
        return { model, endpoint: serving.endpointOf(model) };
      }),
  };
}

const namesIn = (value: unknown): string[] => (Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : []);
