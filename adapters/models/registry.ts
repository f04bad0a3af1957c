import { randomUUID } from "node:crypto";
import type { ModelRef } from "../../domain/detections.ts";
import { MODELS_PREFIX, modelKeys } from "../../domain/layout.ts";
import { isModelName, pointerWithout, type ModelCard, type ServingPointer } from "../../domain/models.ts";
import { readJsonIfThere, type Storage } from "../storage/storage.ts";

/** What is there of one model. Versions ascending. */
export interface ModelVersions {
  /** Numbers in use, whatever became of them. */
  taken: number[];
  /** Those that can answer. A model.onnx that somebody put there by hand, without model.json, counts too. */
  deployed: number[];
  cards: Map<number, Partial<ModelCard>>;
  /** null where nothing is deployed. Its version is one of `deployed`. */
  pointer: ServingPointer | null;
}

export type MustOwn = () => Promise<void>;

/** The models in storage (domain/layout: modelKeys): which there are, in which versions, and which of them answers. */
export interface ModelRegistry {
  names(): Promise<string[]>;
  versions(name: string): Promise<ModelVersions>;
  /** The version that answers where none is named, or null: no such model. Names that cannot be one have none. */
  served(name: string): Promise<number | null>;
  card(model: ModelRef): Promise<Partial<ModelCard> | null>;
  /** Whoever creates a version's card owns its number: false where somebody was first. */
  claim(card: ModelCard): Promise<boolean>;
  write(card: ModelCard): Promise<void>;
  point(name: string, pointer: ServingPointer): Promise<void>;
  /**
   * An attempt to change the model begins. Changes of one model run under one workflow id; an attempt that was given up and still runs
   * finds here that it is no longer the current one: what it gets back throws from then on, so that it does not undo what its successor did.
   */
  beginChange(name: string): Promise<MustOwn>;
}

export function createModelRegistry({ storage }: { storage: Storage }): ModelRegistry {
  const text = (content: object): string => JSON.stringify(content, null, 2);

  async function versions(name: string): Promise<ModelVersions> {
    const { prefix, serving, card: cardOf, onnx } = modelKeys(name);
    const keys = new Set(await storage.list(prefix));
    const numbers = [...keys].map((key) => /^([1-9][0-9]*)\/./.exec(key.slice(prefix.length))?.[1]).filter((digits) => digits !== undefined);
    const taken = [...new Set(numbers.map(Number))].toSorted((a, b) => a - b);
    const found = await Promise.all(taken.filter((version) => keys.has(cardOf(version))).map(async (version) => [version, await readJsonIfThere<Partial<ModelCard>>(storage, cardOf(version))] as const));
    const cards = new Map(found.filter((entry): entry is [number, Partial<ModelCard>] => entry[1] !== null));
    const deployed = taken.filter((version) => keys.has(onnx(version)) && (cards.get(version)?.status ?? "deployed") === "deployed");
    const stored = keys.has(serving) ? await readJsonIfThere<ServingPointer>(storage, serving) : null;
    return { taken, deployed, cards, pointer: currentPointer(stored, deployed, cards) };
  }

  return {
    async names() {
      const names = (await storage.list(MODELS_PREFIX)).map((key) => key.slice(MODELS_PREFIX.length).split("/")[0]!);
      return [...new Set(names)].filter(isModelName);
    },
    versions,
    served: async (name) => (isModelName(name) ? ((await versions(name)).pointer?.version ?? null) : null),
    card: ({ name, version }) => readJsonIfThere<Partial<ModelCard>>(storage, modelKeys(name).card(version)),
    claim: (card) => storage.createIfAbsent(modelKeys(card.name).card(card.version), text(card)),
    write: (card) => storage.put(modelKeys(card.name).card(card.version), text(card)),
    point: (name, pointer) => storage.put(modelKeys(name).serving, text(pointer)),
    async beginChange(name) {
      const key = modelKeys(name).change;
      const owner = randomUUID();
      await storage.put(key, text({ owner, began_at: new Date().toISOString() }));
      return async () => {
        if ((await readJsonIfThere<{ owner: string }>(storage, key))?.owner !== owner) throw new Error(`a later change of the model ${name} has taken over`);
      };
    },
  };
}

/** What serving.json says, as far as it is still true. */
function currentPointer(stored: ServingPointer | null, deployed: number[], cards: Map<number, Partial<ModelCard>>): ServingPointer | null {
  if (stored === null) return pointerWithout(deployed);
  const chosen = [stored.version, ...stored.before].filter((version) => deployed.includes(version));
  // A newer model.onnx that came without a deployment was put there to be used.
  const byHand = deployed.findLast((version) => version > stored.newest && cards.get(version)?.status === undefined);
  const [version, ...before] = byHand === undefined ? chosen : [byHand, ...chosen];
  if (version === undefined) return pointerWithout(deployed);
  const found = { ...stored, version, before, newest: Math.max(stored.newest, version) };
  if (found.left !== undefined && !deployed.includes(found.left)) delete found.left;
  return found;
}
