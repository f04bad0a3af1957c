import { Readable } from "node:stream";
import ffmpeg from "fluent-ffmpeg";
import { VideoToolError } from "./video.ts";

/** Raw yuv420p pictures (width and height even) into an H.264 MP4 with a key frame at least every two seconds, as cameras write them. */
export async function encodeRaw(options: { frames: Iterable<Buffer> | AsyncIterable<Buffer>; width: number; height: number; fps: number; output: string }): Promise<void> {
  const { width, height, fps, output } = options;
  const input = Readable.from(options.frames, { highWaterMark: 4 });
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => reject(new VideoToolError(`encoding ${output} failed: ${error.message}`, { cause: error }));
    const command = ffmpeg(input)
      .inputOptions(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", `${width}x${height}`, "-framerate", String(fps)])
      .outputOptions(["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-g", String(Math.round(fps * 2))])
      .outputOptions(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv", "-movflags", "+faststart"])
      .on("error", fail)
      .on("end", () => resolve());
    // A picture that cannot be made must not end as a shorter video.
    input.once("error", (error) => {
      command.kill("SIGKILL");
      fail(error);
    });
    command.save(output);
  });
}
