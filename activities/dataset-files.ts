import { readdir, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, posix, relative } from "node:path";
import { InputError } from "../domain/errors.ts";
import type { TrainingData } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { allowedFile, allowedFolder } from "./files/allowed-path.ts";

/** Where a dataset of others lies: a folder of this machine, or storage. Paths are relative to data.yaml's folder, or absolute on this machine. */
export interface DatasetFiles {
  /** For people. */
  yaml: string;
  readYaml(): Promise<string>;
  /** Files under a folder, at any depth, as paths like the folder's; empty where there is none. */
  list(folder: string): Promise<string[]>;
  /** A file of this machine with its content; null where there is none. */
  localPath(path: string): Promise<string | null>;
}

const nullIfMissing = (error: unknown): null => {
  if (error instanceof InputError && error.status === 404) return null;
  throw error;
};

async function folderFiles({ files }: Pick<Deps, "files">, path: string): Promise<DatasetFiles> {
  const roots = files.allowedRoots;
  const file = (name: string): Promise<string> => allowedFile({ path: name, roots, field: "data_path" });
  const yaml = /\.ya?ml$/i.test(path) ? await file(path) : await file(join(path, "data.yaml"));
  const whole = (name: string): string => (isAbsolute(name) ? name : join(dirname(yaml), name));
  return {
    yaml,
    readYaml: () => readFile(yaml, "utf8"),
    async list(folder) {
      const real = await allowedFolder({ path: whole(folder), roots, field: "data_path" });
      const entries = await readdir(real, { recursive: true, withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(folder, relative(real, join(entry.parentPath, entry.name)))).toSorted();
    },
    // Each again, links followed: one of them could lead out.
    localPath: async (name) => await file(whole(name)).catch(nullIfMissing),
  };
}

function storedFiles({ storage }: Pick<Deps, "storage">, key: string): DatasetFiles {
  const prefix = `${posix.dirname(key)}/`;
  const keyOf = (name: string): string => {
    const found = posix.join(prefix, name);
    if (!isAbsolute(name) && found.startsWith(prefix)) return found;
    throw new InputError({ field: "data_path", message: `${key} names ${name}, which does not lie beside it`, whatToDo: "give a data.yaml whose folders are relative to it" });
  };
  return {
    yaml: key,
    async readYaml() {
      if ((await storage.size(key)) === null) throw new InputError({ field: "data_path", message: `there is no ${key}`, whatToDo: "check the path", status: 404 });
      return (await storage.read(key)).toString("utf8");
    },
    list: async (folder) => (await storage.list(`${keyOf(folder)}/`)).map((found) => found.slice(prefix.length)),
    localPath: async (name) => ((await storage.size(keyOf(name))) === null ? null : await storage.localPath(keyOf(name))),
  };
}

export async function openDataset(deps: Pick<Deps, "storage" | "files">, data: Exclude<TrainingData, { from: "tasks" }>): Promise<DatasetFiles> {
  return data.from === "folder" ? await folderFiles(deps, data.path) : storedFiles(deps, data.key);
}
