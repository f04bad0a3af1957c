import { execFile, execFileSync } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Small videos made by ffmpeg for the tests, each with a trait that breaks careless frame counting. */

const execute = promisify(execFile);
/** In RGB, as this source rounds odd sides away in other formats. */
const TEST_PICTURE = (seconds: number, rate: number, size = "192x108"): string[] => ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}:duration=${seconds},format=gbrp`];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
/** ultrafast has no B-frames of its own. */
const WITH_B_FRAMES = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p"];

const INTERLACED = ["-vf", "tinterlace=interleave_top,fieldorder=tff"];
const HEVC = (options: string): string[] => ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", `log-level=none:${options}`];

/** AV1 has several encoders, and an ffmpeg may have none of them. */
function canEncode(encoder: string): boolean {
  const there = execFileSync("ffmpeg", ["-hide_banner", "-encoders"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).includes(` ${encoder} `);
  if (!there) process.stderr.write(`This ffmpeg has no ${encoder}: its video is left out of the tests.\n`);
  return there;
}

export async function ffmpegForTests(...args: string[]): Promise<void> {
  await execute("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args]);
}

export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "actverse-video-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Videos that must work, by what is special about them. */
export const GOOD_VIDEOS: Record<string, (folder: string) => Promise<string>> = {
  "constant rate, several groups of pictures": async (folder) => make(join(folder, "cfr.mp4"), [...TEST_PICTURE(2, 25), ...H264, "-g", "10"]),
  "B-frames and open groups": async (folder) => make(join(folder, "open.mp4"), [...TEST_PICTURE(3, 25), ...WITH_B_FRAMES, "-g", "12", "-x264-params", "open-gop=1"]),
  "B-frames at five frames a second": async (folder) => make(join(folder, "slow.mp4"), [...TEST_PICTURE(10, 5), ...WITH_B_FRAMES, "-g", "10", "-x264-params", "open-gop=1"]),
  "variable rate": async (folder) =>
    make(join(folder, "vfr.mkv"), [...TEST_PICTURE(2, 30), "-vf", "select='not(eq(mod(n,7),3)+eq(mod(n,11),5))'", "-fps_mode", "passthrough", "-enc_time_base", "-1", ...WITH_B_FRAMES, "-g", "12"]),
  "a start far from zero": async (folder) => make(join(folder, "start.ts"), [...TEST_PICTURE(2, 25), ...WITH_B_FRAMES, "-g", "12", "-output_ts_offset", "1000"]),
  "an edit list": async (folder) => {
    const whole = await make(join(folder, "whole.mp4"), [...TEST_PICTURE(3, 25), ...WITH_B_FRAMES, "-g", "25"]);
    return make(join(folder, "edit.mp4"), ["-ss", "1.32", "-i", whole, "-c", "copy"]);
  },
  "an edit list and a start far from zero": async (folder) => {
    const whole = await make(join(folder, "whole.mp4"), [...TEST_PICTURE(3, 25), ...WITH_B_FRAMES, "-g", "25"]);
    return make(join(folder, "edit.mov"), ["-ss", "0.52", "-i", whole, "-c", "copy", "-output_ts_offset", "7", "-avoid_negative_ts", "disabled"]);
  },
  ...Object.fromEntries([90, 180, 270].map((degrees) => [`turned by ${degrees} degrees`, (folder: string) => turned(folder, degrees)])),
  "MJPEG in AVI": async (folder) => make(join(folder, "mjpeg.avi"), [...TEST_PICTURE(2, 25), "-c:v", "mjpeg", "-q:v", "3"]),
  "MPEG-4 with B-frames in AVI": async (folder) => make(join(folder, "asp.avi"), [...TEST_PICTURE(2, 25), "-c:v", "mpeg4", "-bf", "2", "-g", "12", "-q:v", "3"]),
  "VP9 in WebM": async (folder) => make(join(folder, "vp9.webm"), [...TEST_PICTURE(2, 25), "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "12"]),
  "HEVC with open groups": async (folder) => make(join(folder, "hevc.mp4"), [...TEST_PICTURE(2, 25), ...HEVC("keyint=12:open-gop=1:bframes=3"), "-pix_fmt", "yuv420p"]),
  "HEVC of 10 bits": async (folder) => make(join(folder, "hevc10.mkv"), [...TEST_PICTURE(2, 25), ...HEVC("keyint=12:bframes=3"), "-pix_fmt", "yuv420p10le"]),
  "H.264 of 10 bits, 4:2:2": async (folder) => make(join(folder, "422.mkv"), [...TEST_PICTURE(2, 25), ...WITH_B_FRAMES, "-pix_fmt", "yuv422p10le", "-g", "12"]),
  ...(canEncode("libsvtav1") ? { "AV1 in MP4": async (folder: string) => make(join(folder, "av1.mp4"), [...TEST_PICTURE(2, 25), "-c:v", "libsvtav1", "-preset", "12", "-g", "24", "-pix_fmt", "yuv420p"]) } : {}),
  ...(canEncode("libaom-av1") ? { "AV1 in Matroska": async (folder: string) => make(join(folder, "av1.mkv"), [...TEST_PICTURE(2, 25), "-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-g", "12", "-pix_fmt", "yuv420p"]) } : {}),
  "interlaced H.264": async (folder) => make(join(folder, "interlaced.ts"), [...TEST_PICTURE(2, 50, "192x112"), ...INTERLACED, ...WITH_B_FRAMES, "-flags", "+ildct+ilme", "-g", "12"]),
  "interlaced MPEG-2": async (folder) => make(join(folder, "interlaced.mpg"), [...TEST_PICTURE(2, 50, "192x112"), ...INTERLACED, "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-bf", "2", "-g", "12", "-b:v", "2M"]),
  "odd sides": async (folder) => make(join(folder, "odd.webm"), [...TEST_PICTURE(2, 25, "193x109"), "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "12"]),
  "odd sides, 4:4:4": async (folder) => make(join(folder, "odd.mp4"), [...TEST_PICTURE(2, 25, "193x109"), ...WITH_B_FRAMES, "-pix_fmt", "yuv444p", "-g", "10"]),
  "one group of pictures for all": async (folder) => make(join(folder, "long.mp4"), [...TEST_PICTURE(20, 10), ...WITH_B_FRAMES, "-g", "100000", "-sc_threshold", "0"]),
  "fragmented MP4": async (folder) => make(join(folder, "fragments.mp4"), [...TEST_PICTURE(2, 25), ...WITH_B_FRAMES, "-g", "12", "-movflags", "frag_keyframe+empty_moov"]),
  "MPEG-TS whose clock jumps ahead": (folder) => joinedStreams(folder, 100),
  "sound that begins earlier": async (folder) =>
    make(join(folder, "sound.mkv"), ["-itsoffset", "0.7", ...TEST_PICTURE(2, 25), "-f", "lavfi", "-i", "sine=duration=3", "-map", "0:v", "-map", "1:a", ...H264, "-g", "10", "-c:a", "aac"]),
  "one frame": async (folder) => make(join(folder, "one.mp4"), [...TEST_PICTURE(1, 25), "-frames:v", "1", ...H264]),
};

/** Files that are refused, and a part of what is said. */
export const BAD_FILES: Record<string, { says: RegExp; make: (folder: string) => Promise<string> }> = {
  "a text file": { says: /not a video/, make: (folder) => write(join(folder, "text.mp4"), "this is no video\n".repeat(100)) },
  "an empty file": { says: /empty/, make: (folder) => write(join(folder, "empty.mp4"), "") },
  "a folder": { says: /not a file/, make: async (folder) => folder },
  "no such file": { says: /no such file/, make: async (folder) => join(folder, "missing.mp4") },
  "audio only": { says: /only sound/, make: (folder) => make(join(folder, "audio.m4a"), ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac"]) },
  "a cover picture only": {
    says: /cover picture/,
    make: (folder) => make(join(folder, "cover.m4a"), ["-f", "lavfi", "-i", "sine=duration=1", "-f", "lavfi", "-i", "color=red:s=64x64:d=0.1:r=10", "-map", "0:a", "-map", "1:v", "-frames:v", "1", "-c:a", "aac", "-c:v", "mjpeg", "-disposition:v:0", "attached_pic"]),
  },
  "a header without frames": {
    says: /No frame|not a video|no video stream/,
    make: (folder) => make(join(folder, "zero.avi"), [...TEST_PICTURE(1, 25), "-vf", "select=0", "-c:v", "mjpeg"]),
  },
  "cut off before its index": {
    says: /not a video/,
    make: async (folder) => {
      const whole = await make(join(folder, "whole.mp4"), [...TEST_PICTURE(2, 25), ...H264]);
      const bytes = await readFile(whole);
      return write(join(folder, "cut.mp4"), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    },
  },
  "huge dimensions": {
    says: /too large|No frame/,
    make: async (folder) => {
      const small = await make(join(folder, "small.avi"), [...TEST_PICTURE(1, 5), "-c:v", "mjpeg"]);
      const bytes = await readFile(small);
      // Width and height in the AVI's stream header (BITMAPINFOHEADER), and in every JPEG (SOF0).
      const header = bytes.indexOf("strf") + 8;
      bytes.writeInt32LE(60_000, header + 4);
      bytes.writeInt32LE(60_000, header + 8);
      for (let at = bytes.indexOf(Buffer.from([0xff, 0xc0])); at !== -1; at = bytes.indexOf(Buffer.from([0xff, 0xc0]), at + 2)) {
        bytes.writeUInt16BE(60_000, at + 5);
        bytes.writeUInt16BE(60_000, at + 7);
      }
      return write(join(folder, "huge.avi"), bytes);
    },
  },
  "a playlist (ffconcat) named .mp4": {
    says: /not a video/,
    make: async (folder) => {
      await make(join(folder, "secret.mp4"), [...TEST_PICTURE(1, 25), ...H264]);
      return write(join(folder, "playlist.mp4"), "ffconcat version 1.0\nfile secret.mp4\n");
    },
  },
  "a playlist (m3u8) named .mp4": {
    says: /not a video/,
    make: async (folder) => {
      const secret = await make(join(folder, "secret.ts"), [...TEST_PICTURE(1, 25), ...H264]);
      return write(join(folder, "hls.mp4"), `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${secret}\n#EXT-X-ENDLIST\n`);
    },
  },
  "a picture named .mp4": { says: /not a video/, make: async (folder) => {
    const picture = await make(join(folder, "picture.png"), [...TEST_PICTURE(1, 1), "-frames:v", "1"]);
    await copyFile(picture, join(folder, "picture.mp4"));
    return join(folder, "picture.mp4");
  } },
};

/** Clockwise, as players turn it; ffmpeg writes this tag as degrees against the clock. */
async function turned(folder: string, degrees: number): Promise<string> {
  const plain = await make(join(folder, "plain.mp4"), [...TEST_PICTURE(1, 25), ...H264, "-g", "10"]);
  return make(join(folder, "turned.mp4"), ["-i", plain, "-c", "copy", "-metadata:s:v:0", `rotate=${360 - degrees}`]);
}

/** Two recordings in one file, as cameras leave them that begin a new one: the second one's clock begins at `offset` seconds. */
export async function joinedStreams(folder: string, offset: number): Promise<string> {
  const options = [...TEST_PICTURE(2, 25), ...WITH_B_FRAMES, "-g", "12", "-output_ts_offset"];
  const parts = [await make(join(folder, "first.ts"), [...options, "10"]), await make(join(folder, "second.ts"), [...options, String(10 + offset)])];
  return write(join(folder, "joined.ts"), Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))));
}

async function make(file: string, args: string[]): Promise<string> {
  await ffmpegForTests(...args, file);
  return file;
}

async function write(file: string, content: string | Buffer): Promise<string> {
  await writeFile(file, content);
  return file;
}
