import { stat, statfs } from "node:fs/promises";
import { InputError } from "../../domain/errors.ts";

/** Left free for the steps that follow: frames, labels, checkpoints. */
const RESERVE = 256 * 1024 * 1024;

/** Throws InputError where the folders' disks lack room for `bytes` in each. Places that are no folder of this machine (buckets) are not asked. */
export async function checkDiskSpace(folders: string[], bytes: number): Promise<void> {
  const perDisk = new Map<number, { folder: string; needed: number }>();
  for (const folder of folders) {
    const found = await stat(folder).catch(() => null);
    if (found === null) continue;
    const needed = (perDisk.get(found.dev)?.needed ?? RESERVE) + bytes;
    perDisk.set(found.dev, { folder, needed });
  }
  for (const { folder, needed } of perDisk.values()) {
    const disk = await statfs(folder);
    const free = disk.bavail * disk.bsize;
    if (free >= needed) continue;
    throw new InputError({
      field: "file_path",
      message: `The disk of ${folder} is too full for this video: ${inMegabytes(needed)} are needed, ${inMegabytes(free)} are free.`,
      whatToDo: `Free at least ${inMegabytes(needed - free)} there, then try again.`,
      status: 409,
    });
  }
}

const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / 1_000_000)} MB`;
