import { randomBytes } from "node:crypto";
import { readJson, readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { sha256Of } from "../domain/hash.ts";
import { makeId } from "../domain/ids.ts";
import { apiKeys } from "../domain/layout.ts";

export interface ApiKey {
  id: string;
  user_id: string;
  admin: boolean;
  /** Of the token, hex: the token itself is shown once and kept nowhere. */
  sha256: string;
  created_at: string;
  /** It lets nobody in any more. What is left of it says that keys were made once. */
  revoked_at?: string;
}

/** A change made by the command line is seen after this long. */
const FRESH_MS = 2_000;
/** What can be a user's id: it goes into queries, headers and logs. */
export const isUserId = (text: string): boolean => USER.test(text);
const USER = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$/;

export type KeyStore = ReturnType<typeof createKeyStore>;

/** The keys under auth/keys/. Where none was ever made, authentication is off; where all are revoked, nobody gets in. */
export function createKeyStore({ storage }: { storage: Storage }) {
  const read = async (): Promise<ApiKey[] | null> => {
    const listed = await readJsonIfThere<{ keys: ApiKey[] }>(storage, apiKeys.list);
    const own = await Promise.all((await storage.list(apiKeys.prefix)).map((key) => readJson<ApiKey>(storage, key)));
    if (listed === null && own.length === 0) return null;
    const all = new Map([...(listed?.keys ?? []), ...own].map((key) => [key.id, key]));
    return [...all.values()].filter((key) => key.revoked_at === undefined);
  };
  let cached: { keys: Promise<ApiKey[] | null>; until: number } | null = null;

  return {
    /** null: no key was ever made. */
    async keys(): Promise<ApiKey[] | null> {
      if (cached === null || Date.now() >= cached.until) cached = { keys: read(), until: Date.now() + FRESH_MS };
      try {
        return await cached.keys;
      } catch (error) {
        cached = null;
        throw error;
      }
    },
    async byToken(token: string): Promise<ApiKey | null> {
      const hash = sha256Of(token);
      return (await this.keys())?.find((key) => key.sha256 === hash) ?? null;
    },
    async byId(id: string): Promise<ApiKey | null> {
      return (await this.keys())?.find((key) => key.id === id) ?? null;
    },
    /** Makes a key; its token is returned here and never again. */
    async add({ userId, admin }: { userId: string; admin: boolean }): Promise<{ key: ApiKey; token: string }> {
      if (!isUserId(userId)) throw new InputError({ field: "user_id", message: `"${userId}" cannot be a user's name`, whatToDo: "use 1 to 100 letters, digits and . _ @ + -, beginning with a letter or digit" });
      const token = `av_${randomBytes(32).toString("base64url")}`;
      const key = { id: makeId(), user_id: userId, admin, sha256: sha256Of(token), created_at: new Date().toISOString() };
      while (!(await storage.createIfAbsent(apiKeys.of(key.id), JSON.stringify(key, null, 2)))) key.id = makeId();
      cached = null;
      return { key, token };
    },
    async revoke(id: string): Promise<ApiKey> {
      const gone = ((await read()) ?? []).find((key) => key.id === id);
      if (gone === undefined) throw new InputError({ field: "id", message: `there is no key ${id}`, whatToDo: "`npm run keys -- list` shows them", status: 404 });
      await storage.put(apiKeys.of(id), JSON.stringify({ ...gone, revoked_at: new Date().toISOString() } satisfies ApiKey, null, 2));
      cached = null;
      return gone;
    },
  };
}
