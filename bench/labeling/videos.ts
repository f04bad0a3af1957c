import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Truth } from "../../domain/result.ts";
import { makeSample } from "../../scripts/sample/make-sample.ts";
import type { BenchContext } from "../figure.ts";

export interface LabeledVideo {
  name: "sample" | "flies";
  video: string;
  truth: Truth;
}

/** The real flies lie beside the checkout; they are not part of the repository. */
const FLIES = resolve(import.meta.dirname, "../../../shared/real/flies");

async function read(name: LabeledVideo["name"], video: string, truthFile: string): Promise<LabeledVideo> {
  return { name, video, truth: JSON.parse(await readFile(truthFile, "utf8")) as Truth };
}

/** The sample (made once, then kept) and, where they are there, the flies. */
export async function labeledVideos(context: BenchContext): Promise<LabeledVideo[]> {
  const folder = join(context.cache, "sample");
  if (!existsSync(join(folder, "truth.json"))) {
    context.say("  making the sample video");
    await makeSample({ folder });
  }
  const videos = [await read("sample", join(folder, "sample.mp4"), join(folder, "truth.json"))];
  if (existsSync(join(FLIES, "clip.mp4"))) videos.push(await read("flies", join(FLIES, "clip.mp4"), join(FLIES, "truth.json")));
  else context.say(`  the video of the flies is not there (${FLIES}): only the sample is measured`);
  return videos;
}
