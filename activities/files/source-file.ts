import { constants } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../domain/errors.ts";
import type { Deps } from "../deps.ts";
import type { StepContext } from "../step-context.ts";
import { allowedFile } from "./allowed-path.ts";
import { checkDiskSpace } from "./disk-space.ts";
import { fetchFile, forgetFile } from "./fetch-file.ts";

/** A user's video on this machine. */
export interface SourceFile {
  /** For child processes. */
  path: string;
  /** For copying: the very file that was checked, whatever its path becomes. */
  pinned: string;
  bytes: number;
  /** Of its name, lower case, without the dot; "" where it has none. */
  extension: string;
  /** After the video is in storage, or was found to be none. */
  forget: () => Promise<void>;
  close: () => Promise<void>;
}

type SourceDeps = Pick<Deps, "storage" | "files" | "workFolder">;

/** Makes a path or an http(s) URL into a file here. Throws InputError (field file_path). */
export async function openSource(deps: SourceDeps, options: { filePath: string; taskId: string; context: StepContext }): Promise<SourceFile> {
  const { filePath } = options;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(filePath)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return fetched(deps, options);
  if (scheme === "s3") throw new InputError({ field: "file_path", message: "s3:// addresses cannot be read yet.", whatToDo: "Give a signed https:// link to the object, or copy it to an allowed folder." });
  if (scheme !== undefined) throw new InputError({ field: "file_path", message: `Files cannot be fetched by ${scheme}://`, whatToDo: "Give a path under an allowed folder, or an http:// or https:// address." });
  return local(deps, filePath);
}

async function local({ storage, files }: SourceDeps, filePath: string): Promise<SourceFile> {
  const place = { path: filePath, roots: files.allowedRoots, field: "file_path" };
  const handle = await open(await allowedFile(place), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    // Asked again after opening: a link that was swapped in between would have led elsewhere.
    const path = await allowedFile(place);
    const [opened, named] = [await handle.stat(), await stat(path)];
    if (opened.ino !== named.ino || opened.dev !== named.dev) throw new Error(`${filePath} was replaced while it was opened`);
    await checkDiskSpace([storage.location], opened.size);
    return { path, pinned: `/dev/fd/${handle.fd}`, bytes: opened.size, extension: extensionOf(path), forget: async () => undefined, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function fetched({ storage, files, workFolder }: SourceDeps, options: { filePath: string; taskId: string; context: StepContext }): Promise<SourceFile> {
  const { filePath, taskId, context } = options;
  const folder = join(workFolder, "downloads");
  await mkdir(folder, { recursive: true });
  // Of the task, not of the attempt: the next attempt goes on with it.
  const file = join(folder, `${taskId}.part`);
  try {
    await fetchFile({
      url: filePath,
      file,
      access: files,
      signal: context.signal,
      // The unfinished file, and its copy in storage.
      checkSpace: (bytes) => checkDiskSpace([folder, storage.location], bytes),
      onProgress: throttled((done, total) => context.report({ done, total, unit: "bytes", message: "downloading" })),
    });
  } catch (error) {
    if (error instanceof InputError) await forgetFile(file);
    throw error;
  }
  const { size } = await stat(file);
  return { path: file, pinned: file, bytes: size, extension: extensionOf(new URL(filePath).pathname), forget: () => forgetFile(file), close: async () => undefined };
}

/** At most twice a second: a heartbeat for each chunk would be thousands. */
function throttled(report: (done: number, total: number | null) => void): (done: number, total: number | null) => void {
  let last = 0;
  return (done, total) => {
    if (Date.now() - last < 500 && done !== total) return;
    last = Date.now();
    report(done, total);
  };
}

const extensionOf = (path: string): string => /\.([a-z0-9]{1,5})$/i.exec(path)?.[1]?.toLowerCase() ?? "";
