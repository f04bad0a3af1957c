import type { Readable } from "node:stream";

/** Where files lie: a local folder or a bucket, with the same keys (domain/layout). */
export interface Storage {
  /** Shown to people: a folder or a bucket's address. */
  readonly location: string;
  /** Size in bytes, or null where there is no such key. */
  size(key: string): Promise<number | null>;
  /** The whole object, for small ones. Throws StorageError where there is none. */
  read(key: string): Promise<Buffer>;
  /** A stream of it; `end` is inclusive, as in HTTP's Range. */
  stream(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** A path on this machine that holds the object; read-only for the caller. No copy where the store is this disk. */
  localPath(key: string): Promise<string>;
  /** Publishes a whole file or nothing, replacing what was there. A string or Buffer is content; `{ file }` is moved or copied. */
  put(key: string, content: Content): Promise<void>;
  /** Publishes only where the key is still free; false where somebody was first. */
  createIfAbsent(key: string, content: Content): Promise<boolean>;
  /** Keys under a prefix, in order; of many, `page` takes those behind `after`, and at most `limit`. */
  list(prefix: string, page?: { after?: string; limit?: number }): Promise<string[]>;
  /** Removes one key; nothing happens where there is none. */
  remove(key: string): Promise<void>;
}

export type Content = string | Buffer | { file: string };

/** Carries the key and the cause; a missing object is `notFound`. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly key: string;
  readonly notFound: boolean;

  constructor(key: string, message: string, options: { notFound?: boolean; cause?: unknown } = {}) {
    super(`${message}: ${key}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.key = key;
    this.notFound = options.notFound ?? false;
  }
}

export async function readJson<T>(storage: Storage, key: string): Promise<T> {
  return JSON.parse((await storage.read(key)).toString("utf8")) as T;
}

/** As readJson, but null where there is no such key. */
export async function readJsonIfThere<T>(storage: Storage, key: string): Promise<T | null> {
  try {
    return await readJson<T>(storage, key);
  } catch (error) {
    if (error instanceof StorageError && error.notFound) return null;
    throw error;
  }
}
