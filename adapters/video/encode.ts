import { framesIn, type RunFfmpeg } from "./run-ffmpeg.ts";
import type { OnFrames } from "./video.ts";

/** The encoder's clock is the source's: with the default, 1 / frame rate, frames of a variable rate would fall together. */
const TIMES = ["-fps_mode", "passthrough", "-enc_time_base", "-1"];
/** A damaged part costs its frames, not the whole. */
const TOLERANT = ["-max_error_rate", "1"];

interface EncodeOptions {
  file: string;
  output: string;
  /** Filters between the upright source and the encoder. */
  filters: string[];
  /** Constant rate factor of x264: lower is better and larger. */
  quality: number;
  threads: number | undefined;
  onProgress?: OnFrames;
  signal?: AbortSignal;
}

/**
 * H.264 yuv420p MP4 that browsers play and seek in, without sound: every frame of the source with its own time, the first at 0 s.
 * yuv420p has no odd sides: an odd picture gets a black column or row, so that pixels keep their place.
 */
export async function encodeForBrowsers(run: RunFfmpeg, options: EncodeOptions): Promise<void> {
  const filters = ["setpts=PTS-STARTPTS", ...options.filters, "pad=ceil(iw/2)*2:ceil(ih/2)*2", "format=yuv420p"].join(",");
  const encoder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", String(options.quality), "-g", "60"];
  const threads = options.threads === undefined ? [] : ["-threads", String(options.threads)];
  await run({
    inputs: [{ file: options.file, options: threads }],
    outputs: [
      {
        target: options.output,
        options: ["-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-vf", filters, ...TIMES, ...encoder, ...threads, ...TOLERANT, "-movflags", "+faststart", "-f", "mp4"],
      },
    ],
    signal: options.signal,
    onLine(line) {
      const frames = framesIn(line);
      if (frames !== null) options.onProgress?.(frames);
    },
  });
}

/** A path as the value of a filter's option: once for the option, once for the graph. */
export function escapeForFilter(path: string): string {
  return path.replace(/[\\':]/g, "\\$&").replace(/[\\'[\],;]/g, "\\$&");
}
