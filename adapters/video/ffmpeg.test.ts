import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { PacketIndex } from "../../domain/detections.ts";
import { ClockJumpsBack, InputError } from "../../domain/errors.ts";
import type { Account } from "../../domain/ledger.ts";
import { letterboxOf } from "../../domain/letterbox.ts";
import { createVideoTools } from "./ffmpeg.ts";
import { BAD_FILES, GOOD_VIDEOS, ffmpegForTests, joinedStreams, withFolder } from "./fixtures.test-suite.ts";

const execute = promisify(execFile);
const video = createVideoTools({});
const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Every frame of a full decode from the start, by ffmpeg itself: R, G, B planes at the source's size, and presentation times. */
async function decodeAll(file: string, width: number, height: number): Promise<{ planes: Buffer[]; pts: number[] }> {
  const limits = { encoding: "buffer" as const, maxBuffer: 2 ** 30 };
  const args = ["-nostdin", "-copyts", "-i", file, "-map", "0:V:0", "-vf", "scale=flags=bilinear,format=gbrp,shuffleplanes=2:0:1:0,showinfo=checksum=0", "-fps_mode", "passthrough", "-f", "rawvideo", "-"];
  const { stdout, stderr } = await execute("ffmpeg", args, limits);
  const size = width * height * 3;
  const planes = Array.from({ length: stdout.length / size }, (_, i) => stdout.subarray(i * size, (i + 1) * size));
  return { planes, pts: [...stderr.toString().matchAll(/\] n:\s*\d+ pts:\s*(-?\d+)/g)].map((m) => Number(m[1])) };
}

async function collect(file: string, index: PacketIndex, size: { width: number; height: number }, start: number, end: number, stride: number): Promise<Map<number, Buffer>> {
  const frames = new Map<number, Buffer>();
  for await (const { frame, pixels } of video.decode({ file, index, segment: { index: 0, start, end }, stride, ...size })) frames.set(frame, pixels);
  return frames;
}

/** Mean absolute difference of two pictures' bytes. */
function difference(a: Buffer, b: Buffer): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}

describe.each(Object.entries(GOOD_VIDEOS))("video: %s", (_name, make) => {
  it("has the index of a full decode, exact segments at every stride, exact JPEGs, and a proxy with the same frames and times", async () => {
    await withFolder(async (folder) => {
      const file = await make(folder);
      const probed = await video.probe(file);
      const size = { width: probed.width, height: probed.height };
      const truth = await decodeAll(file, size.width, size.height);
      const index = await video.index({ file });
      expect(index.pts).toEqual(truth.pts);
      expect(index.key_frames[0]).toBe(0);

      // Segments that begin at key frames, and one that does not.
      const n = index.pts.length;
      const starts = [...index.key_frames.filter((_, i) => i % 2 === 0).slice(0, 3), Math.floor(n / 2)];
      for (const start of starts) {
        for (const stride of [1, 3]) {
          const end = Math.min(n, start + 15);
          const got = await collect(file, index, size, start, end, stride);
          const wanted = Array.from({ length: end - start }, (_, i) => start + i).filter((frame) => frame % stride === 0);
          expect([...got.keys()]).toEqual(wanted);
          for (const frame of wanted) expect(hash(got.get(frame) ?? Buffer.alloc(0)), `frame ${frame} from ${start} by ${stride}`).toBe(hash(truth.planes[frame] ?? Buffer.alloc(0)));
        }
      }

      const chosen = [...new Set([0, 1, Math.floor(n / 3), Math.floor(n / 3) + 1, Math.floor(n / 2), n - 2, n - 1])].filter((f) => f >= 0 && f < n).toSorted((a, b) => a - b);
      await video.extractFrames({ file, index, frames: chosen, folder: join(folder, "frames 50%d"), nameOf: (frame) => `${frame}.jpg` });
      expect((await readdir(join(folder, "frames 50%d"))).toSorted()).toEqual(chosen.map((frame) => `${frame}.jpg`).toSorted());
      for (const frame of chosen) {
        const { data, info } = await sharp(join(folder, "frames 50%d", `${frame}.jpg`)).raw().toBuffer({ resolveWithObject: true });
        expect([info.width, info.height, info.channels]).toEqual([size.width, size.height, 3]);
        const planar = Buffer.alloc(data.length);
        const plane = size.width * size.height;
        for (let i = 0; i < data.length; i++) planar[(i % 3) * plane + Math.floor(i / 3)] = data[i] ?? 0;
        const own = difference(planar, truth.planes[frame] ?? Buffer.alloc(0));
        expect(own, `frame ${frame}`).toBeLessThan(3);
        const neighbours = [truth.planes[frame - 1], truth.planes[frame + 1]].filter((planes) => planes !== undefined);
        for (const neighbour of neighbours) expect(own).toBeLessThan(difference(planar, neighbour));
      }

      const proxy = join(folder, "proxy.mp4");
      await video.makeProxy({ file, index, output: proxy });
      const made = await video.probe(proxy);
      const even = (side: number): number => side + (side % 2);
      expect(made).toMatchObject({ browserPlays: true, codec: "h264", pixelFormat: "yuv420p", rotation: 0, width: even(size.width), height: even(size.height) });
      const proxyIndex = await video.index({ file: proxy });
      const times = (i: PacketIndex): number[] => i.pts.map((pts) => Math.round((((pts - (i.pts[0] ?? 0)) * i.time_base[0]) / i.time_base[1]) * 1000));
      expect(times(proxyIndex)).toEqual(times(index));
    });
  });
});

describe("refused files", () => {
  it.each(Object.entries(BAD_FILES))("%s", async (_name, { says, make }) => {
    await withFolder(async (folder) => {
      const file = await make(folder);
      const error: unknown = await video.probe(file).then(() => null, (e: unknown) => e);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).field).toBe("file_path");
      expect((error as InputError).message).toMatch(says);
      expect((error as InputError).message).not.toContain(folder);
      expect((error as InputError).whatToDo).not.toBe("");
    });
  });
});

describe("video tools", () => {
  it("a video that was cut off in the middle keeps the frames that are there", async () => {
    await withFolder(async (folder) => {
      const whole = join(folder, "whole.mp4");
      await ffmpegForTests("-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25:duration=2", "-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", "-movflags", "+faststart", whole);
      const bytes = await readFile(whole);
      const file = join(folder, "cut.mp4");
      await writeFile(file, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
      const index = await video.index({ file });
      expect(index.pts.length).toBeGreaterThan(20);
      expect(index.pts.length).toBeLessThan(50);
      const got = await collect(file, index, { width: 192, height: 108 }, 0, index.pts.length, 1);
      expect(got.size).toBeGreaterThanOrEqual(index.pts.length - 4);
    });
  });

  it("a video with flipped bits gives what can be decoded, each frame under its own number", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "flipped.mp4");
      await ffmpegForTests("-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25:duration=3", "-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", "-movflags", "+faststart", file);
      const truth = await decodeAll(file, 192, 108);
      const bytes = await readFile(file);
      const from = bytes.indexOf("mdat") + 8;
      // In the first third of the pictures only.
      for (let i = 0; i < 40; i++) bytes.writeUInt8(bytes.readUInt8(from + 500 + i * 97) ^ (1 << i % 8), from + 500 + i * 97);
      await writeFile(file, bytes);
      const index = await video.index({ file });
      const got = await collect(file, index, { width: 192, height: 108 }, 0, index.pts.length, 1);
      expect(got.size).toBeGreaterThan(45);
      for (let frame = 50; frame < 75; frame++) expect(hash(got.get(frame) ?? Buffer.alloc(0)), `frame ${frame}`).toBe(hash(truth.planes[frame] ?? Buffer.alloc(0)));
      await video.extractFrames({ file, index, frames: [5, 60], folder, nameOf: (frame) => `${frame}.jpg` });
      expect(await readdir(folder)).toContain("60.jpg");
      await video.makeProxy({ file, index, output: join(folder, "proxy.mp4") });
    });
  });

  it("recordings put one behind the other, whose times go back, keep all their frames once they are mended", async () => {
    await withFolder(async (folder) => {
      const file = await joinedStreams(folder, 0);
      await expect(video.index({ file })).rejects.toThrow(ClockJumpsBack);
      const mended = join(folder, "mended.ts");
      await video.mendTimes({ file, output: mended });
      const index = await video.index({ file: mended });
      const truth = await decodeAll(file, 192, 108);
      expect(truth.planes).toHaveLength(100);
      expect(index.pts.map((pts) => ((pts - (index.pts[0] ?? 0)) * index.time_base[0]) / index.time_base[1])).toEqual(Array.from({ length: 100 }, (_, i) => expect.closeTo(i / 25, 3)));
      const got = await collect(mended, index, { width: 192, height: 108 }, 36, 100, 1);
      for (let frame = 36; frame < 100; frame++) expect(hash(got.get(frame) ?? Buffer.alloc(0)), `frame ${frame}`).toBe(hash(truth.planes[frame] ?? Buffer.alloc(0)));
    });
  });

  it.each([1, 3])("says which frames the index lacks and which the decoder does not give, every %i. frame taken", async (stride) => {
    await withFolder(async (folder) => {
      const file = join(folder, "plain.mp4");
      await ffmpegForTests("-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25:duration=1", "-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", file);
      const whole = await video.index({ file });
      const truth = await decodeAll(file, 192, 108);
      const lacks = [whole.pts[7] ?? 0, whole.pts[24] ?? 0];
      // A frame of the index that is not in the file, between two that are.
      const invented = (whole.pts[13] ?? 0) + 1;
      const index = { ...whole, pts: [...whole.pts.filter((pts) => !lacks.includes(pts)), invented].toSorted((a, b) => a - b), key_frames: [0] };
      let account: Account | null = null;
      const got = new Map<number, Buffer>();
      for await (const { frame, pixels } of video.decode({ file, index, segment: { index: 0, start: 0, end: 24 }, stride, width: 192, height: 108, onAccount: (found) => (account = found) })) got.set(frame, pixels);
      expect(account).toEqual({ missing: [13], unknown: lacks });
      expect([...got.keys()]).toEqual(Array.from({ length: 24 }, (_, i) => i).filter((frame) => frame % stride === 0 && frame !== 13));
      for (const [frame, pixels] of got) expect(hash(pixels), `frame ${frame}`).toBe(hash(truth.planes[whole.pts.indexOf(index.pts[frame] ?? 0)] ?? Buffer.alloc(0)));
    });
  });

  it("letterboxes as domain/letterbox says, the padding exactly grey 114", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "odd.mkv");
      await ffmpegForTests("-f", "lavfi", "-i", "color=red:size=101x57:rate=5:duration=1,format=gbrp", "-c:v", "ffv1", "-pix_fmt", "gbrp", file);
      const index = await video.index({ file });
      const size = { width: 64, height: 64 };
      const fit = letterboxOf({ width: 101, height: 57 }, size);
      const pixels = (await collect(file, index, size, 0, 1, 1)).get(0) ?? Buffer.alloc(0);
      expect(pixels.length).toBe(3 * 64 * 64);
      for (let y = 0; y < 64; y++) {
        const inside = y >= fit.top && y < fit.top + fit.scaledHeight;
        const rgb = [0, 1, 2].map((plane) => pixels[plane * 4096 + y * 64 + 32]);
        // The scaler's red may be a step short of 255; the padding is exact.
        const rounded = rgb.map((value) => ((value ?? 0) > 250 ? 255 : value));
        expect(rounded, `row ${y}`).toEqual(inside ? [255, 0, 0] : [114, 114, 114]);
      }
    });
  });

  it("keeps colours alike in JPEGs and in decoded frames where the video says BT.709", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "bt709.mp4");
      const colour = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"];
      await ffmpegForTests("-f", "lavfi", "-i", "smptebars=size=192x108:rate=5:duration=1", "-vf", "scale=out_color_matrix=bt709", "-c:v", "libx264", "-qp", "1", "-pix_fmt", "yuv420p", ...colour, file);
      const index = await video.index({ file });
      const decoded = (await collect(file, index, { width: 192, height: 108 }, 2, 3, 1)).get(2) ?? Buffer.alloc(0);
      await video.extractFrames({ file, index, frames: [2], folder, nameOf: () => "2.jpg" });
      const jpeg = await sharp(join(folder, "2.jpg")).raw().toBuffer();
      for (const bar of [13, 41, 68, 96, 123, 150, 178]) {
        const at = 30 * 192 + bar;
        for (const channel of [0, 1, 2]) expect(Math.abs((jpeg[at * 3 + channel] ?? 0) - (decoded[channel * 192 * 108 + at] ?? 0)), `bar ${bar} channel ${channel}`).toBeLessThanOrEqual(4);
      }
    });
  });

  it("draws subtitles whose path has every character that filters treat specially, into a picture with odd sides", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "plain.mkv");
      await ffmpegForTests("-f", "lavfi", "-i", "color=black:size=191x107:rate=10:duration=1,format=gbrp", "-c:v", "ffv1", "-pix_fmt", "gbrp", "-output_ts_offset", "5", file);
      const subtitles = join(folder, "it's [a]=b,c;d:e\\f %20 ä.ass");
      const dialogue = (from: string, to: string): string => `Dialogue: 0,${from},${to},Box,,0,0,0,,{\\pos(0,0)\\p1\\1c&HFFFFFF&\\bord0\\shad0}m 0 0 l 96 0 96 54 0 54{\\p0}`;
      const script = `[Script Info]\nScriptType: v4.00+\nPlayResX: 191\nPlayResY: 107\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, Alignment\nStyle: Box,Sans,10,&H00FFFFFF,7\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n`;
      await writeFile(subtitles, `${script}${dialogue("0:00:00.45", "0:00:00.75")}\n`);
      const output = join(folder, "drawn.mp4");
      const seen: number[] = [];
      const index = await video.index({ file });
      await video.draw({ file, index, width: 191, height: 107, pieces: [{ index: 0, start: 0, end: 10 }], scriptOf: async () => subtitles, clock: 1, folder, output, onProgress: (frames) => seen.push(frames) });
      const drawn = await video.index({ file: output });
      expect(drawn.pts.length).toBe(10);
      expect(await video.probe(output)).toMatchObject({ width: 192, height: 108, browserPlays: true });
      expect(seen.at(-1)).toBe(10);
      const frames = await collect(output, drawn, { width: 192, height: 108 }, 0, 10, 1);
      const white = [...frames].filter(([, pixels]) => (pixels[20 * 192 + 20] ?? 0) > 200).map(([frame]) => frame);
      expect(white).toEqual([5, 6, 7]);
    });
  });

  it("reads images as grey pixels", async () => {
    await withFolder(async (folder) => {
      const files = [join(folder, "a.jpg"), join(folder, "b.png")];
      await sharp({ create: { width: 40, height: 30, channels: 3, background: { r: 200, g: 200, b: 200 } } }).jpeg().toFile(files[0] ?? "");
      await sharp({ create: { width: 20, height: 10, channels: 4, background: { r: 10, g: 10, b: 10, alpha: 1 } } }).png().toFile(files[1] ?? "");
      const grey: Buffer[] = [];
      for await (const pixels of video.readGrey({ files, width: 16, height: 8 })) grey.push(pixels);
      expect(grey.map((g) => [g.length, Math.round((g[0] ?? 0) / 10)])).toEqual([[128, 20], [128, 1]]);
    });
  });

  it("an abort ends ffmpeg at once, and so does a reader that leaves", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "long.mp4");
      await ffmpegForTests("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=20", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", file);
      const running = async (): Promise<number> => (await execute("ps", ["-eo", "args"])).stdout.split("\n").filter((line) => line.includes(file) && !line.includes("ps -eo")).length;
      const index = await video.index({ file });
      const whole = { file, index, segment: { index: 0, start: 0, end: index.pts.length }, stride: 1, width: 640, height: 640 };

      for await (const { frame } of video.decode(whole)) if (frame === 3) break;
      expect(await running()).toBe(0);

      const stop = new AbortController();
      const reason = new Error("cancelled by the test");
      const read = async (): Promise<void> => {
        for await (const { frame } of video.decode({ ...whole, signal: stop.signal })) if (frame === 3) stop.abort(reason);
      };
      await expect(read()).rejects.toBe(reason);
      expect(await running()).toBe(0);

      const again = new AbortController();
      const output = join(folder, "proxy.mp4");
      const encoding = video.makeProxy({ file, index, output, signal: again.signal, onProgress: () => again.abort(reason) });
      await expect(encoding).rejects.toBe(reason);
      expect(await running()).toBe(0);
      await rm(output, { force: true });
    });
  });
});
