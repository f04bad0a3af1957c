import type { Serving } from "../../adapters/serving/serving.ts";
import type { Storage } from "../../adapters/storage/storage.ts";
import { modelKeys } from "../../domain/layout.ts";
import type { ServingPointer } from "../../domain/models.ts";
import { readOnnxFile, type OnnxFile } from "../../domain/onnx-file.ts";
import { servedTogether } from "../../domain/served-together.ts";
import { tritonConfig } from "../../domain/triton-config.ts";
import { unusable } from "./model-file.ts";

/** Versions that stay loaded, ascending: the one that answers; the one before, to which a rollback leads and which may still be at work; and the one that a rollback has left, for the same reason. */
export function loadedVersions(pointer: ServingPointer | null): number[] {
  if (pointer === null) return [];
  const { version, before, left = version } = pointer;
  return [...new Set([version, ...before.slice(0, 1), left])].toSorted((a, b) => a - b);
}

/** Makes a server answer with exactly these versions: config.pbtxt first, which lists them, then the server itself. */
export async function serveVersions({ storage, serving }: { storage: Storage; serving: Serving }, { name, versions }: { name: string; versions: number[] }): Promise<void> {
  const { config, onnx } = modelKeys(name);
  const files: OnnxFile[] = [];
  for (const version of versions) files.push(readOnnxFile(await storage.read(onnx(version))));
  if (files.length === 0) await storage.remove(config);
  else await storage.put(config, configOf({ name, versions, files, forTriton: serving.kind === "triton" }));
  await serving.serve({ name, versions });
}

/** Versions that differ in more than sizes have no configuration in common; the embedded runtime needs none. */
function configOf({ name, versions, files, forTriton }: { name: string; versions: number[]; files: OnnxFile[]; forTriton: boolean }): string {
  const together = servedTogether(files);
  if (together !== null) return tritonConfig({ name, file: together, versions });
  if (forTriton) throw unusable(`Triton cannot serve the versions ${versions.join(" and ")} of ${name} side by side: their inputs or outputs have other names, types or batches. Deploy it under another name.`);
  return tritonConfig({ name, file: files.at(-1)!, versions: versions.slice(-1) });
}
