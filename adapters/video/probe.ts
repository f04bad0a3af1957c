import { stat } from "node:fs/promises";
import createCommand from "fluent-ffmpeg";
import type { FfprobeData, FfprobeStream } from "fluent-ffmpeg";
import { InputError, messageOf } from "../../domain/errors.ts";
import { MAX_PIXELS, SAFE_INPUT, asInput, type RunFfmpeg } from "./run-ffmpeg.ts";
import type { ProbedVideo } from "./video.ts";

const FIRST_FRAME_LIMIT_MS = 120_000;

const refuse = (message: string, whatToDo = "Give a video file such as MP4, MOV, MKV, WebM or AVI that plays.", status: 400 | 404 = 400): InputError =>
  new InputError({ field: "file_path", message, whatToDo, status });

/** What the container says, after one frame was really decoded. */
export async function probeVideo(run: RunFfmpeg, file: string, paths: { ffprobePath?: string | undefined }): Promise<ProbedVideo> {
  const found = await stat(file).catch(() => null);
  if (found === null) throw refuse("There is no such file.", "Check the path.", 404);
  if (!found.isFile()) throw refuse("This is not a file.", "Give the path of a video file, not of a folder.");
  if (found.size === 0) throw refuse("The file is empty.");

  // First, because this process can be ended when it hangs and fluent-ffmpeg's ffprobe cannot; both open the file in the same way.
  const undecodable = await run({
    inputs: [{ file }],
    outputs: [{ target: "-", options: ["-map", "0:V:0", "-frames:v", "1", "-f", "null"] }],
    limitMs: FIRST_FRAME_LIMIT_MS,
  }).then(() => null, messageOf);
  if (undecodable?.includes("and was ended") === true) throw refuse("The file cannot be opened in two minutes.");

  const data = await readContainer(file, paths.ffprobePath).catch((error: unknown) => {
    throw refuse(`The file is not a video that can be read (${firstLine(messageOf(error), file)}).`);
  });
  const stream = pictureStream(data);
  const coded = { width: stream.width ?? 0, height: stream.height ?? 0 };
  if (coded.width * coded.height > MAX_PIXELS) {
    throw refuse(`The picture is too large: ${coded.width} x ${coded.height} pixels.`, `At most ${MAX_PIXELS} pixels a frame (8192 x 8192) are possible: scale the video down.`);
  }
  if (undecodable !== null || coded.width === 0 || coded.height === 0) {
    throw refuse(`No frame of the video can be decoded (${firstLine(undecodable ?? "it has no size", file)}).`, "The file may be damaged or cut off, or have no frames. Give a video that plays.");
  }

  const rotation = clockwise(Number(stream.rotation ?? 0));
  const upright = rotation === 90 || rotation === 270 ? { width: coded.height, height: coded.width } : coded;
  const container = data.format.format_name ?? "";
  const pixelFormat = stream.pix_fmt ?? "";
  const brand = String(data.format.tags?.["major_brand"] ?? "").trim();
  return {
    container,
    codec: stream.codec_name ?? "",
    pixelFormat,
    ...upright,
    rotation,
    fps: rate(stream.avg_frame_rate) || rate(stream.r_frame_rate),
    durationS: Number(stream.duration) || Number(data.format.duration) || 0,
    browserPlays: stream.codec_name === "h264" && /^yuvj?420p$/.test(pixelFormat) && container.split(",").includes("mp4") && brand !== "qt",
  };
}

/** The first video stream that is not a cover picture: what `0:V:0` means to ffmpeg. */
function pictureStream(data: FfprobeData): FfprobeStream {
  const videos = data.streams.filter((stream) => stream.codec_type === "video");
  const moving = videos.find((stream) => !still(stream));
  if (moving !== undefined) return moving;
  if (videos.length > 0) throw refuse("The file holds a cover picture but no video.");
  if (data.streams.some((stream) => stream.codec_type === "audio")) throw refuse("The file holds only sound, no video.");
  throw refuse("The file has no video stream.");
}

function still(stream: FfprobeStream): boolean {
  const disposition = stream.disposition;
  return disposition?.["attached_pic"] === 1 || disposition?.["timed_thumbnails"] === 1;
}

function readContainer(file: string, ffprobePath: string | undefined): Promise<FfprobeData> {
  const command = createCommand(asInput(file));
  if (ffprobePath !== undefined) command.setFfprobePath(ffprobePath);
  return new Promise((resolve, reject) => {
    command.ffprobe(0, ["-v", "error", ...SAFE_INPUT], (error: Error | null, data) => (error === null || error === undefined ? resolve(data) : reject(error)));
  });
}

/** ffprobe's rotation counts against the clock; only quarter turns change the picture's sides. */
function clockwise(rotation: number): 0 | 90 | 180 | 270 {
  const turned = ((-Math.round(rotation) % 360) + 360) % 360;
  return turned === 90 || turned === 180 || turned === 270 ? turned : 0;
}

function rate(text: string | undefined): number {
  const [numerator = 0, denominator = 1] = (text ?? "0/1").split("/").map(Number);
  return denominator > 0 && Number.isFinite(numerator) ? numerator / denominator : 0;
}

/** What ffmpeg said, without this machine's path. */
function firstLine(message: string, file: string): string {
  const lines = message.replaceAll(asInput(file), "file").replaceAll(file, "file").split("\n").filter((line) => !/exited with code/.test(line) && line.trim() !== "");
  return (lines[0] ?? "unknown reason").replace(/^ffmpeg failed: /, "").replace(/\[[^\]]* @ 0x[0-9a-f]+\]\s*/g, "").slice(0, 200);
}
