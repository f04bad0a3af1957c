import type { RunFfmpeg } from "./run-ffmpeg.ts";

/** See VideoTools.mendTimes. Without -copyts ffmpeg lets times go on where they jump; MPEG-TS has the clock of the files in which they do. */
export async function mendTimes(run: RunFfmpeg, options: { file: string; output: string; signal?: AbortSignal }): Promise<void> {
  await run({
    inputs: [{ file: options.file }],
    outputs: [{ target: options.output, options: ["-map", "0:V:0", "-c", "copy", "-copyinkf", "-f", "mpegts"] }],
    signal: options.signal,
  });
}
