import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ffmpegForTests } from "../../adapters/video/fixtures.test-suite.ts";
import { writePictures, type Rotation } from "./picture.test-tools.ts";

/** Videos of counted pictures. What a file's frames are is not known here but read from a full decode. */
export interface CountedVideo {
  rotation: Rotation;
  make: (folder: string) => Promise<string>;
}

const H264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-bf", "3", "-pix_fmt", "yuv420p", "-g", "12"];
const OPEN = ["-x264-params", "open-gop=1"];

async function encode(folder: string, name: string, options: string[], rate = 25): Promise<string> {
  const file = join(folder, name);
  await ffmpegForTests(...(await writePictures(folder, rate)), ...options, file);
  return file;
}
async function copy(from: string, file: string, before: string[], after: string[]): Promise<string> {
  await ffmpegForTests(...before, "-i", from, "-c", "copy", ...after, file);
  return file;
}
const plain = (make: CountedVideo["make"]): CountedVideo => ({ rotation: 0, make });
/** ffmpeg writes this tag as degrees against the clock. */
const turned = (rotation: Rotation): CountedVideo => ({ rotation, make: async (folder) => copy(await encode(folder, "plain.mp4", H264), join(folder, "turned.mp4"), [], ["-metadata:s:v:0", `rotate=${360 - rotation}`]) });
const VARIABLE = ["-vf", "select='not(eq(mod(n,7),3)+eq(mod(n,11),5))'", "-fps_mode", "passthrough", "-enc_time_base", "-1"];

/** Those that go wrong most easily; the rest is in the long tests. */
export const COUNTED: Record<string, CountedVideo> = {
  "B-frames and open groups, many seconds after zero": plain((folder) => encode(folder, "open.ts", [...H264, ...OPEN, "-output_ts_offset", "1000"])),
  "variable rate": plain((folder) => encode(folder, "variable.mkv", [...VARIABLE, ...H264], 30)),
  "an edit list": plain(async (folder) => copy(await encode(folder, "whole.mp4", H264), join(folder, "edit.mp4"), ["-ss", "1.32"], [])),
  "turned by 90 degrees": turned(90),
};

export const COUNTED_TOO: Record<string, CountedVideo> = {
  "constant rate, no B-frames": plain((folder) => encode(folder, "plain.mp4", [...H264, "-bf", "0"])),
  "1000 frames a second": plain((folder) => encode(folder, "fast.mp4", H264, 1000)),
  "29.97 frames a second": plain((folder) => encode(folder, "ntsc.mp4", ["-r", "30000/1001", ...H264], 30)),
  "variable rate, turned by 180 degrees": { rotation: 180, make: async (folder) => copy(await encode(folder, "plain.mp4", [...VARIABLE, ...H264], 30), join(folder, "turned.mp4"), [], ["-metadata:s:v:0", "rotate=180"]) },
  "turned by 270 degrees": turned(270),
  "HEVC with open groups": plain((folder) => encode(folder, "hevc.mp4", ["-c:v", "libx265", "-preset", "ultrafast", "-crf", "16", "-x265-params", "log-level=none:keyint=12:open-gop=1:bframes=3", "-pix_fmt", "yuv420p"])),
  "VP9": plain((folder) => encode(folder, "vp9.webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M", "-g", "12", "-pix_fmt", "yuv420p"])),
  "MJPEG in AVI": plain((folder) => encode(folder, "mjpeg.avi", ["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"])),
  "MPEG-4 with B-frames in AVI": plain((folder) => encode(folder, "asp.avi", ["-c:v", "mpeg4", "-bf", "2", "-g", "12", "-q:v", "3", "-pix_fmt", "yuv420p"])),
  "H.264 of 10 bits, 4:2:2": plain((folder) => encode(folder, "422.mkv", [...H264, "-pix_fmt", "yuv422p10le"])),
  "one group of pictures": plain((folder) => encode(folder, "long.mp4", [...H264, "-g", "1000", "-sc_threshold", "0"])),
  "fragmented MP4": plain((folder) => encode(folder, "fragments.mp4", [...H264, "-movflags", "frag_keyframe+empty_moov"])),
  "two recordings in one file, the second one's clock begun anew": plain(async (folder) => {
    const parts = [await encode(folder, "first.ts", [...H264, "-frames:v", "45"]), await encode(folder, "second.ts", [...H264, "-vf", "trim=start_frame=45,setpts=PTS-STARTPTS"])];
    const file = join(folder, "joined.ts");
    await writeFile(file, Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))));
    return file;
  }),
  "cut off in the middle": plain(async (folder) => {
    const bytes = await readFile(await encode(folder, "whole.mkv", H264));
    const file = join(folder, "cut.mkv");
    await writeFile(file, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
    return file;
  }),
};
