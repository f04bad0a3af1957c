import { readJson, readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { canonicalJson, sha256Of } from "../domain/hash.ts";
import { makeId } from "../domain/ids.ts";
import { idempotencyKey, taskKeys } from "../domain/layout.ts";

interface Request {
  task_id: string;
  body_sha256: string;
  created_at: string;
}

/**
 * The task of a request that carries an Idempotency-Key: the same user, key and body give the same task, on every API process
 * and after a restart. Throws InputError 422 where the key came with another body before.
 * `ended`: it was done long ago and Temporal may have forgotten it, so it must not be started again.
 */
export async function claimTask({ storage, userId, key, body }: { storage: Storage; userId: string; key: string; body: unknown }): Promise<{ taskId: string; createdAt: string; ended: boolean }> {
  const place = idempotencyKey(sha256Of(canonicalJson([userId, key])));
  const mine: Request = { task_id: makeId(), body_sha256: sha256Of(canonicalJson(body)), created_at: new Date().toISOString() };
  const known = await readJsonIfThere<Request>(storage, place);
  const first = known ?? ((await storage.createIfAbsent(place, JSON.stringify(mine))) ? mine : await readJson<Request>(storage, place));
  if (first.body_sha256 !== mine.body_sha256) {
    throw new InputError({ field: "Idempotency-Key", message: `this key made task ${first.task_id} from another body`, whatToDo: "use a new key for a new task", status: 422 });
  }
  const ended = known !== null && (await storage.size(taskKeys(first.task_id).record)) !== null;
  return { taskId: first.task_id, createdAt: first.created_at, ended };
}
