import type { ModelVersions, MustOwn } from "../adapters/models/registry.ts";
import type { ModelRef } from "../domain/detections.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import { sha256Of } from "../domain/hash.ts";
import { modelKeys } from "../domain/layout.ts";
import { toleranceOf } from "../domain/parity.ts";
import { isModelName, pointerTo, type ModelCard } from "../domain/models.ts";
import type { DeployInput, DeployOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { compareRuntimes, mustAgree } from "./models/compare.ts";
import { framesToTry } from "./models/frames-to-try.ts";
import { readModelFile, tensorFacts, type ModelFile } from "./models/model-file.ts";
import { loadedVersions, serveVersions } from "./models/what-serves.ts";
import { longStep, type StepContext } from "./step-context.ts";

/**
 * Puts a model where it is served: models/{name}/{version}/, a new version each time; the ones before stay as they are. It answers only
 * after it found the same as PyTorch and as the embedded ONNX Runtime; else the version before goes on, and nothing is left of it but its card.
 * Whatever stops an attempt, the next one ends in the same state.
 */
export function createDeployStep(deps: Pick<Deps, "storage" | "serving" | "embedded" | "models">) {
  const { storage, serving, models } = deps;

  /** The version that this deployment has begun, or a new one: whoever creates its model.json owns the number. One that was refused is tried again under its number. */
  async function claim(input: DeployInput, before: ModelVersions, file: ModelFile): Promise<ModelCard> {
    const mine = [...before.cards.values()].find((card) => card.deployment_id === input.deploymentId && card.sha256 === file.sha256);
    if (mine !== undefined) return mine as ModelCard;
    const lineage = await withDataset(input.lineage);
    for (let version = (before.taken.at(-1) ?? 0) + 1; ; version++) {
      const card = newCard(input, version, file, lineage);
      if (await models.claim(card)) return card;
    }
  }

  /** The manifest is immutable once it is written: its hash says which dataset it was. */
  async function withDataset(lineage: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { manifest } = lineage;
    if (typeof manifest !== "string" || (await storage.size(manifest)) === null) return lineage;
    return { ...lineage, manifest_sha256: sha256Of(await storage.read(manifest)) };
  }

  /** It serves beside what serves now, and finds what it has to find. */
  async function tryOut(input: DeployInput, model: ModelRef, loaded: number[], context: StepContext): Promise<Pick<ModelCard, "classes" | "keypoints" | "parity">> {
    const { name, version } = model;
    context.report({ done: 0, total: null, unit: "images", message: `loading ${name}@${version}` });
    await serveVersions(deps, { name, versions: [...new Set([...loaded, version])] });
    const info = await serving.load(model);
    const reference = input.referenceKey ?? null;
    const frames = reference === null && serving.kind !== deps.embedded.kind ? await framesToTry(storage, input.framesOf) : [];
    const checks = await compareRuntimes(deps, { model, info, context, trial: { referenceKey: reference, frames } });
    mustAgree(checks, toleranceOf(info.precision));
    return { classes: info.classes, keypoints: info.keypoints, parity: { reference, checks } };
  }

  /** What served before goes on. A model that cannot serve leaves no file that a server could pick up. */
  async function refuse(card: ModelCard, loaded: number[], reason: string): Promise<void> {
    const { name, version } = card;
    await serveVersions(deps, { name, versions: loaded });
    await storage.remove(modelKeys(name).onnx(version));
    await models.write({ ...card, status: "refused", reason });
  }

  async function deploy(input: DeployInput, file: ModelFile, mustOwn: MustOwn, context: StepContext): Promise<DeployOutput> {
    const { name } = input;
    const before = await models.versions(name);
    const card = await claim(input, before, file);
    const { version } = card;
    const model: ModelRef = { name, version };
    const endpoint = serving.endpointOf(model);
    let { parity } = card;
    if (!before.deployed.includes(version)) {
      const loaded = loadedVersions(before.pointer);
      await storage.put(modelKeys(name).onnx(version), file.bytes);
      try {
        const tried = await tryOut(input, model, loaded, context);
        parity = tried.parity;
        await mustOwn();
        const { reason: _refusedBefore, ...sound } = card;
        await models.write({ ...sound, ...tried, status: "deployed", endpoint, deployed_at: new Date().toISOString() });
      } catch (error) {
        await mustOwn();
        if (error instanceof InputError) await refuse(card, loaded, messageOf(error));
        // A server that is away may not hear even this; the next attempt says it again.
        else await serveVersions(deps, { name, versions: loaded }).catch(() => undefined);
        throw error;
      }
    }
    const change = { changed_at: new Date().toISOString(), by: input.by ?? null, why: "deployed", change_id: input.deploymentId };
    const { pointer: now } = await models.versions(name);
    const pointer = pointerTo(now, version, change);
    await mustOwn();
    // Without serving.json the newest version answers: that is written down now.
    if (pointer !== now || now.changed_at === null) await models.point(name, { ...pointer, ...(pointer === now ? change : {}) });
    await serveVersions(deps, { name, versions: loadedVersions(pointer) });
    context.log("model deployed", { model: `${name}@${version}`, endpoint });
    return { model, endpoint, parity: parity.checks };
  }

  return {
    deployModel: (input: DeployInput): Promise<DeployOutput> =>
      longStep(async (context) => {
        const { name, onnxKey, sha256 } = input;
        if (!isModelName(name)) throw new InputError({ field: "name", message: `"${name}" cannot be a model's name`, whatToDo: "Use at most 64 letters, digits, - and _, beginning with a letter or digit." });
        const file = await readModelFile(storage, { key: onnxKey, ...(sha256 === undefined ? {} : { sha256 }), names: input.names ?? {} });
        return await deploy(input, file, await models.beginChange(name), context);
      }),
  };
}

function newCard(input: DeployInput, version: number, { sha256, bytes, onnx, facts }: ModelFile, lineage: Record<string, unknown>): ModelCard {
  return {
    name: input.name,
    version,
    status: "deploying",
    deployment_id: input.deploymentId,
    created_at: new Date().toISOString(),
    deployed_at: null,
    endpoint: null,
    owner: input.by ?? null,
    sha256,
    bytes: bytes.length,
    task: facts.task,
    classes: facts.classes,
    keypoints: facts.keypoints,
    imgsz: facts.imgsz,
    ...(facts.precision === "int8" ? { precision: facts.precision } : {}),
    opset: onnx.opset,
    inputs: tensorFacts(onnx.inputs),
    outputs: tensorFacts(onnx.outputs),
    parity: { reference: input.referenceKey ?? null, checks: [] },
    lineage,
  };
}
