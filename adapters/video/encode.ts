import type { PacketIndex } from "../../domain/detections.ts";
import { framesIn, type RunFfmpeg } from "./run-ffmpeg.ts";
import { inTicksOf } from "./seek.ts";
import type { OnFrames } from "./video.ts";

/** The encoder's clock is the source's: with the default, 1 / frame rate, frames of a variable rate would fall together. */
export const VARIABLE_RATE = ["-fps_mode", "passthrough", "-enc_time_base", "-1"];
/** A damaged part costs its frames, not the whole. */
export const TOLERANT = ["-max_error_rate", "1"];

interface EncodeOptions {
  file: string;
  index: PacketIndex;
  output: string;
  threads: number | undefined;
  onProgress?: OnFrames;
  signal?: AbortSignal;
}

/**
 * H.264 yuv420p MP4 that browsers play and seek in, without sound: every frame of the source with its own time, the first at 0 s.
 * yuv420p has no odd sides: an odd picture gets a black column or row, so that pixels keep their place.
 */
export async function encodeForBrowsers(run: RunFfmpeg, options: EncodeOptions): Promise<void> {
  // -copyts: a clock that jumps ahead does so here too, as in the index.
  const filters = [inTicksOf(options.index), `setpts=PTS-(${options.index.pts[0] ?? 0})`, "pad=ceil(iw/2)*2:ceil(ih/2)*2", "format=yuv420p"].join(",");
  const encoder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "60"];
  const threads = options.threads === undefined ? [] : ["-threads", String(options.threads)];
  await run({
    inputs: [{ file: options.file, options: [...threads, "-copyts"] }],
    outputs: [
      {
        target: options.output,
        options: ["-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-vf", filters, ...VARIABLE_RATE, ...encoder, ...threads, ...TOLERANT, "-movflags", "+faststart", "-f", "mp4"],
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
