import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, link, mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { StorageError, type Content, type Storage } from "./storage.ts";

/** Files not yet published lie here, on the same disk, so that a rename or a hard link publishes them whole. */
const TEMPORARY = ".tmp";

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

/** false where the path is taken. */
async function ifFree(publish: () => Promise<void>): Promise<boolean> {
  try {
    await publish();
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** A folder on this machine. A file appears whole or not at all: temporary file, fsync, then rename (put) or hard link (createIfAbsent). */
export function createLocalStorage(options: { root: string }): Storage {
  const root = resolve(options.root);

  const pathOf = (key: string): string => {
    const path = resolve(root, key);
    if (key === "" || key.includes("\0") || !path.startsWith(root + sep)) throw new StorageError(key, "not a key of this storage");
    return path;
  };
  const missing = (key: string) => (error: unknown): never => {
    const notFound = codeOf(error) === "ENOENT" || codeOf(error) === "EISDIR";
    throw new StorageError(key, notFound ? "no such object" : "cannot read", { notFound, cause: error });
  };

  /** Writes to a temporary file, hands it to `publish`, and leaves nothing behind. */
  async function staged<T>(key: string, content: Content, publish: (temporary: string, target: string) => Promise<T>): Promise<T> {
    const target = pathOf(key);
    const temporary = join(root, TEMPORARY, randomUUID());
    try {
      await mkdir(dirname(temporary), { recursive: true });
      await mkdir(dirname(target), { recursive: true });
      if (typeof content === "object" && "file" in content) await copyFile(content.file, temporary);
      const handle = await open(temporary, typeof content === "object" && "file" in content ? "r" : "w");
      try {
        if (typeof content === "string" || Buffer.isBuffer(content)) await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      return await publish(temporary, target);
    } catch (error) {
      throw new StorageError(key, "cannot write", { cause: error });
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** A key that says all by its name. */
  async function created(key: string): Promise<boolean> {
    const target = pathOf(key);
    try {
      await mkdir(dirname(target), { recursive: true });
      return await ifFree(async () => (await open(target, "wx")).close());
    } catch (error) {
      throw new StorageError(key, "cannot write", { cause: error });
    }
  }

  async function walk(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
      throw error;
    });
    const nested = await Promise.all(entries.map(async (entry) => (entry.isDirectory() ? await walk(join(folder, entry.name)) : [join(folder, entry.name)])));
    return nested.flat();
  }

  return {
    location: root,
    async size(key) {
      const found = await stat(pathOf(key)).catch((error: unknown) => (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" ? null : missing(key)(error)));
      return found?.isFile() === true ? found.size : null;
    },
    read: (key) => readFile(pathOf(key)).catch(missing(key)),
    async stream(key, range) {
      await stat(pathOf(key)).catch(missing(key));
      return createReadStream(pathOf(key), range ?? {});
    },
    async localPath(key) {
      await stat(pathOf(key)).catch(missing(key));
      return pathOf(key);
    },
    put: (key, content) => staged(key, content, (temporary, target) => rename(temporary, target)),
    // An empty file is whole from the beginning.
    createIfAbsent: (key, content) => (content === "" ? created(key) : staged(key, content, (temporary, target) => ifFree(() => link(temporary, target)))),
    async list(prefix, { after = "", limit } = {}) {
      const folder = prefix.endsWith("/") ? pathOf(prefix) : dirname(pathOf(prefix));
      const keys = (await walk(folder)).map((path) => relative(root, path).split(sep).join("/"));
      return keys.filter((key) => key.startsWith(prefix) && key > after).toSorted().slice(0, limit);
    },
    remove: (key) => rm(pathOf(key), { force: true }),
  };
}
