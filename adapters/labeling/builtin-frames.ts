import type { FrameLabels, FrameList, LabeledObject, LabelingTask, Prelabels } from "../../domain/labels.ts";
import { frameKeys, labelKeys } from "../../domain/layout.ts";
import { readJson, readJsonIfThere, type Storage } from "../storage/storage.ts";

/** Objects of a cached frame are shared: nobody may change them. */
const CACHE_LIMIT = 20_000;
const READS_AT_ONCE = 32;
const EDIT = /(\d{8})\.v(\d+)\.json$/;

/** Reads frames as data_storage has them: frames.json and prelabels.json, overlaid by the newest edit of each frame. */
export function createFrameReader({ storage }: { storage: Storage }) {
  /** An edit never changes once it is written, so that progress reads each only once. */
  const cache = new Map<string, FrameLabels>();

  async function edit(task: LabelingTask, key: string): Promise<FrameLabels> {
    const id = `${task.created_at} ${key}`;
    const known = cache.get(id);
    if (known !== undefined) return known;
    const read = await readJson<FrameLabels>(storage, key);
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(id, read);
    return read;
  }

  /** Version 0 of each frame, in order. */
  async function untouched(task: LabelingTask): Promise<FrameLabels[]> {
    const list = await readJson<FrameList>(storage, frameKeys(task.task_id, task.round).list);
    const prelabels = await readJsonIfThere<Prelabels>(storage, labelKeys(task.task_id, task.round).prelabels);
    const found = new Map(prelabels?.frames.map(({ frame, objects }) => [frame, objects]));
    return list.frames.map(({ frame, time, image_key }) => {
      const objects = (found.get(frame) ?? []).flatMap((object) => fit(object, list, task.keypoints.length));
      return { frame, time, image_key, width: list.width, height: list.height, status: objects.length > 0 ? "prelabeled" : "unlabeled", version: 0, updated_by: null, updated_at: null, objects };
    });
  }

  return {
    untouched,
    /** Each frame as the given edits (keys) leave it. */
    async overlaid(task: LabelingTask, edits: string[]): Promise<FrameLabels[]> {
      const frames = await untouched(task);
      const newest = new Map<number, { version: number; key: string }>();
      for (const key of edits) {
        const [, frame, version] = EDIT.exec(key) ?? [];
        if (frame !== undefined && Number(version) > (newest.get(Number(frame))?.version ?? 0)) newest.set(Number(frame), { version: Number(version), key });
      }
      for (let start = 0; start < frames.length; start += READS_AT_ONCE) {
        const part = frames.slice(start, start + READS_AT_ONCE).map(async (frame) => {
          const key = newest.get(frame.frame)?.key;
          return key === undefined ? frame : await edit(task, key);
        });
        frames.splice(start, part.length, ...(await Promise.all(part)));
      }
      return frames;
    },
    /** One version of one frame; null where there is no such version. */
    async version(task: LabelingTask, frame: FrameLabels, version: number): Promise<FrameLabels | null> {
      if (version === 0) return frame;
      const key = labelKeys(task.task_id, task.round).edit(frame.frame, version);
      return (await storage.size(key)) === null ? null : await edit(task, key);
    },
  };
}

/** A pre-labeler's box may reach over the border by a rounding, and it may not know keypoints: nobody should have to mend that by hand. */
function fit(object: LabeledObject, { width, height }: FrameList, keypoints: number): LabeledObject[] {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = object.box;
  const within = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
  const box = [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
  if (!(box[2]! > box[0]! && box[3]! > box[1]!)) return [];
  const points = object.keypoints.length === keypoints ? object.keypoints : Array.from({ length: keypoints }, () => [0, 0, 0]);
  const isInside = ([x = -1, y = -1]: number[]): boolean => x >= 0 && y >= 0 && x <= width && y <= height;
  return [{ ...object, box, keypoints: points.map((point) => (isInside(point) ? point : [0, 0, 0])) }];
}
