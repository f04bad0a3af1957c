import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../adapters/storage/storage.ts";
import type { PacketIndex, VideoInfo } from "../domain/detections.ts";
import { InputError } from "../domain/errors.ts";
import { candidatesOf, looksSame, partsOf, type Part } from "../domain/frame-choice.ts";
import type { FrameList } from "../domain/labels.ts";
import { frameKeys, videoKeys } from "../domain/layout.ts";
import { timeOf } from "../domain/segments.ts";
import type { FramesInput, FramesOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { longStep, withScratch, type StepContext } from "./step-context.ts";

const THUMBNAIL = { width: 64, height: 64 };
/** Frames tried in a part whose centre shows what another chosen frame shows, and in how many parts at most. */
const TRIES = 5;
const MAX_SUSPECTS = 200;
/** Chosen frames that a candidate is compared with, the latest: where nothing moves, farther ones look the same too. */
const COMPARED = 50;

interface Choice {
  frame: number;
  likeAnother: boolean;
}

export function createFrameSteps(deps: Pick<Deps, "storage" | "video" | "workFolder">) {
  const { storage, video, workFolder } = deps;

  /** Frames spread evenly over the video, as JPEGs with their exact numbers and times; frames.json comes last. The same input gives the same frames. */
  async function extractFrames(input: FramesInput): Promise<FramesOutput> {
    return longStep(async (context) => {
      const source = videoKeys(input.taskId);
      const info = await readJson<VideoInfo>(storage, source.meta);
      const index = await readJson<PacketIndex>(storage, source.packets);
      const parts = partsOf(index.pts.length, input.numFrames);
      const file = await storage.localPath(info.source_key);
      return withScratch(workFolder, async (folder) => {
        const look = createLooker({ video, context, file, index, folder });
        const { chosen, notes } = await choose(parts, look);
        return publish(input, { info, index, folder, frames: chosen, notes });
      });
    });
  }

  async function publish(input: FramesInput, made: { info: VideoInfo; index: PacketIndex; folder: string; frames: number[]; notes: string[] }): Promise<FramesOutput> {
    const keys = frameKeys(input.taskId, input.round);
    const { index } = made;
    const list: FrameList = {
      task_id: input.taskId,
      width: made.info.width,
      height: made.info.height,
      frames: made.frames.map((frame) => ({ frame, time: timeOf(index, frame), image_key: keys.image(frame) })),
    };
    for (const { frame, image_key } of list.frames) await storage.put(image_key, { file: join(made.folder, nameOf(frame)) });
    await storage.put(keys.list, JSON.stringify(list, null, 2));
    // Images of an earlier choice, with another number of frames; folders below are other rounds.
    const wanted = new Set(list.frames.map((f) => f.image_key));
    const old = (await storage.list(keys.prefix)).filter((key) => /^\d{8}\.jpg$/.test(key.slice(keys.prefix.length)) && !wanted.has(key));
    for (const key of old) await storage.remove(key);
    return { framesKey: keys.list, numFrames: list.frames.length, notes: made.notes };
  }

  return { extractFrames };
}

const nameOf = (frame: number): string => `${frame}.jpg`;

/** Extracts frames once each and gives their thumbnails; a frame that cannot be decoded has none. */
type Look = (frames: number[]) => Promise<Map<number, Buffer>>;

function createLooker(job: { video: Deps["video"]; context: StepContext; file: string; index: PacketIndex; folder: string }): Look {
  const { video, context, file, index, folder } = job;
  const seen = new Map<number, Buffer>();
  return async (frames) => {
    const { signal } = context;
    const fresh = frames.filter((frame) => !seen.has(frame)).toSorted((a, b) => a - b);
    if (fresh.length === 0) return seen;
    const message = seen.size === 0 ? "extracting frames" : "looking for frames that differ";
    const onProgress = (done: number): void => context.report({ done, total: fresh.length, unit: "frames", message });
    await video.extractFrames({ file, index, frames: fresh, folder, nameOf, onProgress, signal });
    const made = new Set(await readdir(folder));
    const there = fresh.filter((frame) => made.has(nameOf(frame)));
    let i = 0;
    for await (const grey of video.readGrey({ files: there.map((frame) => join(folder, nameOf(frame))), ...THUMBNAIL, signal })) {
      const frame = there[i++];
      if (frame !== undefined) seen.set(frame, grey);
    }
    return seen;
  };
}

/** One frame of each part: its centre, or where that shows what another chosen frame shows, another of its frames. */
async function choose(parts: Part[], look: Look): Promise<{ chosen: number[]; notes: string[] }> {
  const centres = await look(parts.flatMap((part) => candidatesOf(part, 1)));
  const first = pick(parts.map((part) => candidatesOf(part, 1)), centres);
  const suspects = new Set(first.flatMap((choice, i) => (choice === null || choice.likeAnother ? [i] : [])).slice(0, MAX_SUSPECTS));
  const candidates = parts.map((part, i) => candidatesOf(part, suspects.has(i) ? TRIES : 1));
  const final = pick(candidates, await look([...suspects].flatMap((i) => candidates[i] ?? [])));

  const found = final.filter((choice) => choice !== null);
  if (found.length === 0) {
    throw new InputError({ field: "file_path", message: "None of the chosen frames can be decoded.", whatToDo: "The video is damaged: give one that plays." });
  }
  const notes: string[] = [];
  const alike = found.filter((choice) => choice.likeAnother).length;
  if (alike > 0) notes.push(`${alike} of ${found.length} frames look like another one: little moves in parts of the video.`);
  if (found.length < parts.length) notes.push(`${parts.length - found.length} parts of the video are damaged: no frame was taken there.`);
  return { chosen: found.map((choice) => choice.frame), notes };
}

/** For each part the first candidate that differs from what was chosen before; else its first that could be decoded; null where none could. */
function pick(candidates: number[][], thumbnails: Map<number, Buffer>): (Choice | null)[] {
  const chosen: Buffer[] = [];
  return candidates.map((frames) => {
    const there = frames.filter((frame) => thumbnails.has(frame));
    const isNew = (frame: number): boolean => !chosen.slice(-COMPARED).some((other) => looksSame(other, thumbnails.get(frame) ?? other));
    const frame = there.find(isNew) ?? there[0];
    if (frame === undefined) return null;
    const likeAnother = !isNew(frame);
    const thumbnail = thumbnails.get(frame);
    if (thumbnail !== undefined) chosen.push(thumbnail);
    return { frame, likeAnother };
  });
}
