import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { modelKeys } from "../domain/layout.ts";

/** model.json beside each version's model.onnx. */
export interface ModelCard {
  name: string;
  version: number;
  /** Only `deployed` versions serve. `refused`: it could not be loaded, and its model.onnx is gone. */
  status: "deploying" | "deployed" | "refused";
  deployment_id: string;
  /** ISO 8601, UTC; null until it serves. */
  deployed_at: string | null;
  sha256: string;
  classes: string[];
  keypoints: string[];
  /** What it was made from: task, round, labels, training. */
  lineage: Record<string, unknown>;
  reason?: string;
}

/** A name becomes a folder of the model repository: nothing that could lead out of it. */
export const isModelName = (name: string): boolean => /^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/.test(name);

/** Version numbers in use under models/{name}/, ascending, whatever became of them. */
export async function versionsOf(storage: Storage, name: string): Promise<number[]> {
  const { prefix } = modelKeys(name);
  const folders = (await storage.list(prefix)).map((key) => key.slice(prefix.length).split("/"));
  const numbers = folders.filter((parts) => parts.length > 1 && /^[1-9][0-9]*$/.test(parts[0] ?? "")).map((parts) => Number(parts[0]));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Versions that serve, ascending. A model.onnx that somebody put there by hand, without model.json, counts too. */
export async function deployedVersions(storage: Storage, name: string): Promise<number[]> {
  const deployed: number[] = [];
  for (const version of await versionsOf(storage, name)) {
    const keys = modelKeys(name);
    if ((await storage.size(keys.onnx(version))) === null) continue;
    const card = await readJsonIfThere<Partial<ModelCard>>(storage, keys.card(version));
    if (card?.status === undefined || card.status === "deployed") deployed.push(version);
  }
  return deployed;
}

/** The newest version that serves, or null. */
export async function latestVersion(storage: Storage, name: string): Promise<number | null> {
  return (await deployedVersions(storage, name)).at(-1) ?? null;
}
