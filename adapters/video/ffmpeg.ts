import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { decodeSegment } from "./decode.ts";
import { drawInPieces } from "./draw.ts";
import { encodeForBrowsers } from "./encode.ts";
import { extractExactFrames } from "./extract.ts";
import { readGreyImages } from "./grey.ts";
import { mendTimes } from "./mend-times.ts";
import { indexPackets } from "./packet-index.ts";
import { probeVideo } from "./probe.ts";
import { createRunner } from "./run-ffmpeg.ts";
import type { VideoTools } from "./video.ts";

/** Only Linux ends children with their parent. */
const FFMPEG = process.platform === "linux" ? fileURLToPath(new URL("./ffmpeg-with-life-line.sh", import.meta.url)) : undefined;

/**
 * Video tools by the programs ffmpeg and ffprobe (5.1 or later), found on PATH unless given.
 * @param options.threads cores to use; default: all
 */
export function createVideoTools(options: { ffmpegPath?: string; ffprobePath?: string; threads?: number }): VideoTools {
  const run = createRunner({ ffmpegPath: options.ffmpegPath ?? FFMPEG });
  const { threads } = options;
  return {
    probe: (file) => probeVideo(run, file, { ffprobePath: options.ffprobePath }),
    index: (job) => indexPackets(run, job),
    mendTimes: (job) => mendTimes(run, job),
    makeProxy: (job) => encodeForBrowsers(run, { ...job, threads }),
    extractFrames: (job) => extractExactFrames(run, { ...job, threads }),
    // The models need the other half, and a decoder with fewer threads needs less of all cores together.
    decode: (job) => decodeSegment(run, { ...job, threads: threads ?? Math.max(1, Math.floor(availableParallelism() / 2)) }),
    readGrey: (job) => readGreyImages(job),
    draw: (job) => drawInPieces(run, { ...job, threads }),
  };
}
