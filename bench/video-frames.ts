import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { createVideoTools } from "../adapters/video/ffmpeg.ts";
import { candidatesOf, partsOf } from "../domain/frame-choice.ts";
import { commandOf, median, rounded, spreadOf, type Bench, type BenchContext, type Figure } from "./figure.ts";
import { ffmpeg, inTurns, sampleVideo, withFolder, type Sample } from "./video/sample.ts";

const FRAMES = "frames_vs_single_pass";
const WANTED = 50;

const video = createVideoTools({});

/** How long frames for labeling take beside a pass over the whole video. */
export const bench: Bench = {
  names: [FRAMES],
  run: (context) => withFolder(async (folder) => [await extracting(await sampleVideo(context), folder, context)]),
};

/** Fifty frames of ten minutes: exact ones by our way, and those that one pass with ffmpeg's fps filter gives. */
async function extracting({ file, truth }: Sample, folder: string, { say }: BenchContext): Promise<Figure> {
  const long = join(folder, "ten-minutes.mp4");
  const seconds = 600;
  await ffmpeg("-stream_loop", String(Math.ceil((seconds * truth.fps) / truth.frames) - 1), "-i", file, "-c", "copy", long);
  const index = await video.index({ file: long });
  const frames = partsOf(index.pts.length, WANTED).flatMap((part) => candidatesOf(part, 1));
  const [ours, passed] = [join(folder, "exact"), join(folder, "pass")];
  await mkdir(passed);
  say("  extracting frames in turns");
  const { ratios, seconds: took } = await inTurns(
    async () => void (await ffmpeg("-i", long, "-map", "0:V:0", "-vf", `fps=${WANTED}/${seconds}`, "-q:v", "2", join(passed, "%d.jpg"))),
    async () => {
      await rm(ours, { recursive: true, force: true });
      await video.extractFrames({ file: long, index, frames, folder: ours, nameOf: (frame) => `${frame}.jpg` });
    },
  );
  const counts = [(await readdir(ours)).length, (await readdir(passed)).length];
  if (counts.some((count) => count !== WANTED)) throw new Error(`${counts.join(" and ")} pictures instead of ${WANTED}`);
  for (const frame of frames.filter((_, i) => i % 10 === 0)) await mustBe(long, frame, join(ours, `${frame}.jpg`));
  return {
    name: FRAMES, value: rounded(median(ratios)), unit: "x faster", goal: 4, better: "higher", spread: spreadOf(ratios.map((ratio) => rounded(ratio))), command: commandOf(FRAMES),
    note: `${WANTED} exact frames of ${seconds} s of ${truth.width}x${truth.height} with a key frame each ${index.key_frames[1] ?? 0} frames: ${rounded(took[1], 1)} s, one pass with the filter fps ${rounded(took[0], 1)} s`,
  };
}

/** The JPEG shows the frame that ffmpeg counts as this one from the file's beginning. Throws where it does not. */
async function mustBe(file: string, frame: number, jpeg: string): Promise<void> {
  const { stdout } = await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-map", "0:V:0", "-vf", `trim=start_frame=${frame}:end_frame=${frame + 1},format=gray`, "-frames:v", "1", "-f", "rawvideo", "-"], { encoding: "buffer", maxBuffer: 2 ** 26 });
  const picture = await sharp(jpeg).greyscale().raw().toBuffer();
  let difference = 0;
  for (let i = 0; i < stdout.length; i++) difference += Math.abs((stdout[i] ?? 0) - (picture[i] ?? 0));
  // Limited range against full range: a few steps, everywhere.
  if (picture.length !== stdout.length || difference / stdout.length > 12) throw new Error(`${jpeg} is not frame ${frame}`);
}
