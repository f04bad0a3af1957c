import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { ProbedVideo } from "../adapters/video/video.ts";
import { readJsonIfThere } from "../adapters/storage/storage.ts";
import type { PacketIndex, VideoInfo } from "../domain/detections.ts";
import { ClockJumpsBack, InputError } from "../domain/errors.ts";
import { videoKeys } from "../domain/layout.ts";
import type { DownloadInput, DownloadOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { openSource } from "./files/source-file.ts";
import { longStep, withScratch, type StepContext } from "./step-context.ts";

/** Names that a container's files usually have; the first one where the user's file has another. */
const EXTENSIONS: [container: RegExp, names: string[]][] = [
  [/mp4/, ["mp4", "m4v", "mov", "3gp"]],
  [/matroska|webm/, ["mkv", "webm"]],
  [/avi/, ["avi"]],
  [/mpegts/, ["ts", "mts", "m2ts"]],
  [/mpeg/, ["mpg", "mpeg", "vob"]],
  [/asf/, ["wmv", "asf"]],
  [/ogg/, ["ogv", "ogg"]],
];

const MENDED = "The times in the file begin anew in its middle, as where recordings were put one behind the other: all steps read a copy in which they go on.";

interface StoredVideo {
  sourceKey: string;
  bytes: number;
}

export function createDownloadSteps(deps: Pick<Deps, "storage" | "video" | "files" | "workFolder">) {
  const { storage, video, workFolder } = deps;

  /** The video into storage, checked, indexed, and playable in a browser. video.json comes last: where it lies, all is done. */
  async function downloadVideo(input: DownloadInput): Promise<DownloadOutput> {
    const keys = videoKeys(input.taskId);
    return longStep(async (context) => {
      const before = await readJsonIfThere<VideoInfo>(storage, keys.meta);
      if (before !== null && before.original_path === input.filePath && (await storage.size(before.source_key)) === before.bytes) return outputOf(before);

      const source = await openSource(deps, { filePath: input.filePath, taskId: input.taskId, context });
      try {
        const probed = await video.probe(source.path);
        const sourceKey = keys.source(extensionFor(source.extension, probed.container));
        context.report({ done: 0, total: source.bytes, unit: "bytes", message: "storing" });
        await storage.put(sourceKey, { file: source.pinned });
        const stored = await storage.size(sourceKey);
        if (stored !== source.bytes) throw new Error(`the stored video has ${stored} bytes instead of ${source.bytes}`);
        const info = await describe(input, context, await indexed(input, context, { sourceKey, bytes: stored }));
        await source.forget();
        return outputOf(info);
      } catch (error) {
        if (error instanceof InputError) await source.forget();
        throw error;
      } finally {
        await source.close();
      }
    });
  }

  /** From here on only the stored file counts: the user's may change. A file whose times go back is replaced by a mended copy. */
  async function indexed(input: DownloadInput, context: StepContext, stored: StoredVideo): Promise<StoredVideo & { index: PacketIndex; mended: boolean }> {
    const { signal } = context;
    const file = await storage.localPath(stored.sourceKey);
    context.report({ done: 0, total: null, unit: "frames", message: "listing the frames" });
    try {
      return { ...stored, index: await video.index({ file, signal }), mended: false };
    } catch (error) {
      if (!(error instanceof ClockJumpsBack)) throw error;
    }
    return await withScratch(workFolder, async (folder) => {
      const output = join(folder, "mended.ts");
      await video.mendTimes({ file, output, signal });
      const index = await video.index({ file: output, signal });
      const sourceKey = videoKeys(input.taskId).mended;
      await storage.put(sourceKey, { file: output });
      return { sourceKey, bytes: (await stat(output)).size, index, mended: true };
    });
  }

  async function describe(input: DownloadInput, context: StepContext, stored: Awaited<ReturnType<typeof indexed>>): Promise<VideoInfo> {
    const keys = videoKeys(input.taskId);
    const { index } = stored;
    const file = await storage.localPath(stored.sourceKey);
    const probed = await video.probe(file);
    await storage.put(keys.packets, JSON.stringify(index));
    if (!probed.browserPlays) await storeProxy(keys.proxy, file, index, context);

    const timing = timingOf(index, probed);
    const info: VideoInfo = {
      task_id: input.taskId,
      source_key: stored.sourceKey,
      original_path: input.filePath,
      browser_key: probed.browserPlays ? stored.sourceKey : keys.proxy,
      container: probed.container,
      codec: probed.codec,
      pixel_format: probed.pixelFormat,
      width: probed.width,
      height: probed.height,
      rotation: probed.rotation,
      fps: timing.fps,
      num_frames: index.pts.length,
      duration_s: timing.duration,
      start_time: timing.start,
      bytes: stored.bytes,
      notes: [...(stored.mended ? [MENDED] : []), ...notesOf(probed, timing)],
    };
    await storage.put(keys.meta, JSON.stringify(info, null, 2));
    context.log("video stored", { frames: info.num_frames, fps: info.fps, width: info.width, height: info.height, bytes: info.bytes });
    return info;
  }

  async function storeProxy(key: string, file: string, index: PacketIndex, context: StepContext): Promise<void> {
    await withScratch(workFolder, async (folder) => {
      const output = join(folder, "proxy.mp4");
      const onProgress = (done: number): void => context.report({ done, total: index.pts.length, unit: "frames", message: "converting for browsers" });
      await video.makeProxy({ file, index, output, onProgress, signal: context.signal });
      await storage.put(key, { file: output });
    });
  }

  return { downloadVideo };
}

interface Timing {
  fps: number;
  duration: number;
  start: number;
  variable: boolean;
}

/** Averages over the index: what containers say of their rate is often wrong. */
function timingOf(index: PacketIndex, probed: ProbedVideo): Timing {
  const seconds = (ticks: number): number => (ticks * index.time_base[0]) / index.time_base[1];
  const first = index.pts[0] ?? 0;
  const span = seconds((index.pts.at(-1) ?? first) - first);
  const fps = span > 0 ? (index.pts.length - 1) / span : probed.fps || 1;
  // A container's clock rounds each time to a tick: two ticks of difference are no variation.
  const mean = (span / Math.max(1, index.pts.length - 1)) * (index.time_base[1] / index.time_base[0]);
  const variable = index.pts.some((pts, i) => i > 0 && Math.abs(pts - (index.pts[i - 1] ?? pts) - mean) > Math.max(2, mean * 0.1));
  return { fps: Math.round(fps * 1e6) / 1e6, duration: span + 1 / fps, start: seconds(first), variable };
}

function notesOf(probed: ProbedVideo, timing: Timing): string[] {
  const notes: string[] = [];
  if (timing.variable) notes.push("The frame rate varies: every time is the frame's own, the rate is an average.");
  if (probed.rotation !== 0) notes.push(`The file asks players to turn the picture by ${probed.rotation} degrees: all steps use the upright picture.`);
  if (!probed.browserPlays) notes.push("Browsers do not play this format: a copy in H.264 is shown there; all steps read the original.");
  if (probed.durationS > timing.duration + Math.max(1, 0.02 * probed.durationS)) {
    notes.push(`The file says that it lasts ${probed.durationS.toFixed(1)} s, but its frames end after ${timing.duration.toFixed(1)} s: it may be cut off.`);
  }
  return notes;
}

function extensionFor(given: string, container: string): string {
  const names = EXTENSIONS.find(([pattern]) => pattern.test(container))?.[1] ?? [];
  return names.includes(given) ? given : (names[0] ?? "video");
}

function outputOf(info: VideoInfo): DownloadOutput {
  return {
    sourceKey: info.source_key,
    originalPath: info.original_path,
    browserKey: info.browser_key,
    width: info.width,
    height: info.height,
    fps: info.fps,
    numFrames: info.num_frames,
    durationS: info.duration_s,
    bytes: info.bytes,
    notes: info.notes,
  };
}
