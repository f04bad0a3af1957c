import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeRaw } from "../../adapters/video/encode-raw.ts";
import type { Truth } from "../../domain/result.ts";
import type { BehaviourOptions } from "./behaviour.ts";
import { KEYPOINTS, SKELETON } from "./body.ts";
import { createScene } from "./scene.ts";

export interface SampleOptions {
  /** Gets sample.mp4 and truth.json. */
  folder: string;
  seed?: number;
  seconds?: number;
  /** Even numbers. */
  width?: number;
  height?: number;
  fps?: number;
  animals?: number;
  meetings?: NonNullable<BehaviourOptions["meetings"]>;
  onProgress?: (frames: number, total: number) => void;
}

/** The paths of what was made. The same seed and sizes give the same pictures and labels. */
export async function makeSample(options: SampleOptions): Promise<{ video: string; truth: string }> {
  const { folder, seed = 7, seconds = 40, width = 1280, height = 720, fps = 30, animals = 3, meetings, onProgress } = options;
  const frames = Math.round(seconds * fps);
  await mkdir(folder, { recursive: true });
  const labels: Truth["labels"] = [];
  function* pictures(): Generator<Buffer> {
    for (const { picture, animals: found } of createScene({ seed, width, height, fps, frames, animals, ...(meetings === undefined ? {} : { meetings }) })) {
      labels.push({ frame: labels.length, animals: found });
      onProgress?.(labels.length, frames);
      yield Buffer.from(picture.data.buffer);
    }
  }
  const video = join(folder, "sample.mp4");
  await encodeRaw({ frames: pictures(), width, height, fps, output: video });
  const truth: Truth & { note: string } = {
    video: "sample.mp4",
    width,
    height,
    fps,
    frames,
    class: "mouse",
    keypoints: KEYPOINTS,
    skeleton: SKELETON,
    tracks: Array.from({ length: animals }, (_, i) => `mouse_${i + 1}`),
    note: `seed ${seed}; x, y in pixels, origin top left; box = tight box of the whole body with its ears, hidden parts included, without the tail; visible 0/1, 0 where another animal lies above`,
    labels,
  };
  await writeFile(join(folder, "truth.json"), JSON.stringify(truth));
  return { video, truth: join(folder, "truth.json") };
}
