import { stat } from "node:fs/promises";
import type { Storage } from "../../adapters/storage/storage.ts";

/** A finished file to its key: whole or not at all, replacing what an earlier attempt left. */
export async function publish(storage: Storage, key: string, file: string): Promise<{ key: string; bytes: number }> {
  const { size } = await stat(file);
  await storage.put(key, { file });
  return { key, bytes: size };
}
