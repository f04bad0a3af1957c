import { readJsonIfThere, type Storage } from "../../adapters/storage/storage.ts";
import type { FrameList } from "../../domain/labels.ts";
import { FRAMES_PREFIX, frameKeys } from "../../domain/layout.ts";

/** So many images say enough, and take seconds. */
const MOST = 16;

/** Keys of frames in which a model can be tried: spread over those of a task, else of the newest task that has some; none where none lie in storage. */
export async function framesToTry(storage: Storage, taskId?: string): Promise<string[]> {
  const tasks = taskId === undefined ? await tasksWithFrames(storage) : [taskId];
  for (const task of tasks) {
    const list = await readJsonIfThere<FrameList>(storage, frameKeys(task, 1).list);
    const frames = list?.frames ?? [];
    if (frames.length === 0) continue;
    const count = Math.min(MOST, frames.length);
    return Array.from({ length: count }, (_, i) => frames[Math.floor((i * frames.length) / count)]!.image_key);
  }
  return [];
}

/** Ids sort by creation. */
async function tasksWithFrames(storage: Storage): Promise<string[]> {
  const ids = (await storage.list(FRAMES_PREFIX)).flatMap((key) => {
    const id = key.slice(FRAMES_PREFIX.length).split("/")[0]!;
    return key === frameKeys(id, 1).list ? [id] : [];
  });
  return ids.toSorted().toReversed();
}
