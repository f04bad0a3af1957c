import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { InputError } from "../domain/errors.ts";
import type { UploadFileInput, UploadFileOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { allowedFile, allowedFolder } from "./files/allowed-path.ts";
import { checkDiskSpace } from "./files/disk-space.ts";
import { longStep } from "./step-context.ts";
import { fileSha256 } from "./training-run.ts";
import { flush } from "./upload.ts";

/** What is to be copied, opened once. */
interface Source {
  name: string;
  bytes: number;
  stream: () => Promise<NodeJS.ReadableStream>;
}

/** One file into a folder of the workers' disk. */
export function createUploadFileStep(deps: Pick<Deps, "storage" | "files">) {
  const { storage, files } = deps;
  const roots = files.allowedRoots;

  async function sourceOf(from: string): Promise<Source> {
    if (from.startsWith("/")) {
      const path = await allowedFile({ path: from, roots, field: "file_path" });
      return { name: basename(path), bytes: (await stat(path)).size, stream: async () => createReadStream(path) };
    }
    const bytes = await storage.size(from);
    if (bytes === null) throw new InputError({ field: "file_path", message: `there is no ${from}`, whatToDo: "check the path", status: 404 });
    return { name: basename(from), bytes, stream: () => storage.stream(from) };
  }

  return {
    /** The file appears whole or not at all, and replaces no other: what lies there already must be the same. */
    uploadFile: (input: UploadFileInput): Promise<UploadFileOutput> =>
      longStep(async ({ report, log, signal, attempt }) => {
        const { taskId, from, to, field } = input;
        const source = await sourceOf(from);
        await mkdir(await allowedFolder({ path: to, roots, field }), { recursive: true });
        // Asked again now that it exists: a link that was swapped in would lead elsewhere.
        const folder = await allowedFolder({ path: to, roots, field });
        await checkDiskSpace([folder], source.bytes);
        const target = join(folder, input.name ?? source.name);
        const temporary = join(folder, `.${taskId}.part-${attempt}`);
        report({ done: 0, total: source.bytes, unit: "bytes", message: "copying" });
        try {
          await pipeline(await source.stream(), createWriteStream(temporary), { signal });
          const { size } = await stat(temporary);
          if (size !== source.bytes) throw new Error(`${size} of ${source.bytes} bytes were written to ${folder}`);
          const there = await fileSha256(target).catch(() => null);
          if (there !== null && there !== (await fileSha256(temporary))) throw new InputError({ field, message: `there is another file already: ${target}`, whatToDo: "give another folder, or take that file away", status: 409 });
          await flush(temporary);
          await rename(temporary, target);
        } finally {
          await rm(temporary, { force: true });
        }
        report({ done: source.bytes, total: source.bytes, unit: "bytes" });
        log("file uploaded", { path: target, bytes: source.bytes });
        return { path: target, bytes: source.bytes };
      }),
  };
}
