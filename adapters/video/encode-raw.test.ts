import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ffmpeg from "fluent-ffmpeg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeRaw } from "./encode-raw.ts";
import { VideoToolError } from "./video.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-encode-"));
});
afterEach(() => rm(folder, { recursive: true }));

const SIZE = { width: 64, height: 48, fps: 25 };
const picture = (shade: number) => Buffer.alloc((64 * 48 * 3) / 2, shade);

test("every picture becomes a frame of an H.264 video", async () => {
  const output = join(folder, "out.mp4");
  await encodeRaw({ ...SIZE, frames: Array.from({ length: 60 }, (_, i) => picture(i * 3)), output });
  const stream = await new Promise<ffmpeg.FfprobeStream>((resolve, reject) => {
    ffmpeg.ffprobe(output, (error: unknown, data) => (error === null || error === undefined ? resolve(data.streams[0]!) : reject(new Error("ffprobe failed", { cause: error }))));
  });
  expect(stream).toMatchObject({ codec_name: "h264", pix_fmt: "yuv420p", width: 64, height: 48, nb_frames: 60, r_frame_rate: "25/1" });
});

test("a picture that cannot be made fails the encoding instead of shortening the video", async () => {
  async function* broken() {
    yield picture(10);
    await Promise.resolve();
    throw new Error("no more paint");
  }
  await expect(encodeRaw({ ...SIZE, frames: broken(), output: join(folder, "out.mp4") })).rejects.toThrow(VideoToolError);
});

test("a folder that is not there is an error that names the file", async () => {
  await expect(encodeRaw({ ...SIZE, frames: [picture(0)], output: join(folder, "none", "out.mp4") })).rejects.toThrow(/none/);
});
