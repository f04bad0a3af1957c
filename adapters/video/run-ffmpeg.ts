import type { Writable } from "node:stream";
import createCommand from "fluent-ffmpeg";
import { VideoToolError } from "./video.ts";

/** What users give is opened as one of these containers or not at all: a playlist named .mp4 must not read other files. */
const DEMUXERS = ["mov", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "mxf", "dv", "nut"];
/** 8192 x 8192: more than any camera, and less than what fills this machine's memory. */
export const MAX_PIXELS = 67_108_864;
/** A healthy ffmpeg says something every half second. */
const SILENCE_MS = 300_000;

/** Options that go before every file that a user gave, for ffmpeg and ffprobe alike. */
export const SAFE_INPUT = ["-protocol_whitelist", "file,pipe", "-format_whitelist", DEMUXERS.join(","), "-max_streams", "64", "-max_pixels", String(MAX_PIXELS)];

/** The file's own protocol by name: a path such as `concat:a|b` is only a path. */
export const asInput = (file: string): string => `file:${file}`;

export interface FfmpegJob {
  /** `ours`: made by us, and opened without the rules for what users give. */
  inputs: { file: string; options?: string[]; ours?: true }[];
  /** A target is a path, `-` for no file at all, or one stream (which must not emit `close`: emitClose false). */
  outputs: { target: string | Writable; options: string[] }[];
  /** ffmpeg's own words, line by line; with `info` its filters speak too. */
  onLine?: (line: string) => void;
  logLevel?: "error" | "info";
  /** Killed after so long in all; and after five minutes of silence, unless `heldUp` says that its reader is the slow one. */
  limitMs?: number;
  heldUp?: () => boolean;
  signal?: AbortSignal | undefined;
}

export type RunFfmpeg = (job: FfmpegJob) => Promise<void>;

/** Runs one ffmpeg process to its end. Rejects with VideoToolError, or with the signal's reason where that ended it; the process is gone by then. */
export function createRunner(paths: { ffmpegPath?: string | undefined }): RunFfmpeg {
  return async (job) => {
    job.signal?.throwIfAborted();
    const command = createCommand();
    if (paths.ffmpegPath !== undefined) command.setFfmpegPath(paths.ffmpegPath);
    const logging = job.logLevel === "info" ? ["-loglevel", "info", "-nostats"] : ["-loglevel", "error", "-stats"];
    job.inputs.forEach(({ file, options = [], ours }, i) => {
      // Spread, not an array: fluent-ffmpeg splits an array's items at their spaces.
      command.input(asInput(file)).inputOptions(...(i === 0 ? ["-nostdin", "-hide_banner", ...logging] : []), ...(ours === true ? [] : SAFE_INPUT), ...options);
    });
    for (const { target, options } of job.outputs) command.output(target, { end: true }).outputOptions(...options, "-y");

    let killedFor: Error | null = null;
    let lastSign = Date.now();
    const began = Date.now();
    const kill = (reason: Error): void => {
      killedFor ??= reason;
      // Not started yet: killed on `start`.
      command.kill("SIGKILL");
    };
    const onAbort = (): void => kill(job.signal?.reason instanceof Error ? job.signal.reason : new Error("aborted"));
    const watch = setInterval(() => {
      if (job.heldUp?.() === true) lastSign = Date.now();
      if (Date.now() - lastSign > SILENCE_MS) kill(new VideoToolError("ffmpeg was silent for five minutes and was ended"));
      if (job.limitMs !== undefined && Date.now() - began > job.limitMs) kill(new VideoToolError(`ffmpeg took longer than ${job.limitMs / 1000} s and was ended`));
    }, 1000);
    job.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        command
          .on("start", () => {
            if (killedFor !== null) command.kill("SIGKILL");
          })
          .on("stderr", (line: string) => {
            lastSign = Date.now();
            job.onLine?.(line);
          })
          .on("end", () => resolve())
          .on("error", (error: Error, _stdout: unknown, stderr: string | null) => reject(killedFor ?? new VideoToolError(lastWords(error, stderr), { cause: error })))
          .run();
      });
    } finally {
      clearInterval(watch);
      job.signal?.removeEventListener("abort", onAbort);
    }
    if (killedFor !== null) throw killedFor as Error;
  };
}

/** The lines of an error that say something: not the progress, not the banner. */
function lastWords(error: Error, stderr: string | null): string {
  const lines = (stderr ?? "").split(/[\r\n]+/);
  const telling = lines.filter((line) => line.trim() !== "" && !/^frame=|showinfo|^\s+(Stream|Metadata|Duration|configuration|lib)/.test(line));
  return `ffmpeg failed: ${telling.slice(-4).join(" | ").slice(0, 600) || error.message}`;
}

/** `frame=  123 fps=...` -> 123, null for other lines. */
export function framesIn(line: string): number | null {
  const found = /^frame=\s*(\d+)/.exec(line);
  return found === null ? null : Number(found[1]);
}

/** Which of the lines of the filter `showinfo@{name}` speak of a frame, and its presentation time in ticks; NaN where the frame has none. */
export function ptsIn(line: string, name: string): number | null {
  if (!line.startsWith(`[showinfo@${name} `)) return null;
  const found = /\] n:\s*\d+ pts:\s*(\S+)/.exec(line);
  return found === null ? null : Number(found[1]);
}
