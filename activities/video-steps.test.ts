import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CancelledFailure } from "@temporalio/common";
import { MockActivityEnvironment } from "@temporalio/testing";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { createVideoTools } from "../adapters/video/ffmpeg.ts";
import { BAD_FILES, ffmpegForTests } from "../adapters/video/fixtures.test-suite.ts";
import type { PacketIndex, VideoInfo } from "../domain/detections.ts";
import { InputError } from "../domain/errors.ts";
import type { FrameList } from "../domain/labels.ts";
import type { Progress } from "../domain/state.ts";
import type { DownloadOutput, FramesOutput, UploadOutput } from "../domain/steps.ts";
import { createDownloadSteps } from "./download.ts";
import { createFrameSteps } from "./frames.ts";
import { createUploadSteps } from "./upload.ts";

const taskId = "task00000001";
let base = "";
let storage: Storage;
let beats: Progress[] = [];
let steps: ReturnType<typeof createDownloadSteps> & ReturnType<typeof createFrameSteps> & ReturnType<typeof createUploadSteps>;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "actverse-steps-"));
  await mkdir(join(base, "in"));
  storage = createLocalStorage({ root: join(base, "data") });
  const files = { allowedRoots: [join(base, "in")], allowedHosts: ["127.0.0.1"], maxBytes: 1e9 };
  const deps = { storage, video: createVideoTools({ threads: 2 }), files, workFolder: join(base, "work") };
  await mkdir(join(base, "data"));
  steps = { ...createDownloadSteps(deps), ...createFrameSteps(deps), ...createUploadSteps(deps) };
  beats = [];
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Runs an activity function as a worker would, heartbeats kept in `beats`. */
async function perform<T>(work: () => Promise<T>): Promise<T> {
  const environment = new MockActivityEnvironment();
  environment.on("heartbeat", (details: Progress | undefined) => {
    if (details !== undefined) beats.push(details);
  });
  return (await environment.run(work)) as T;
}
const download = (filePath: string): Promise<DownloadOutput> => perform(() => steps.downloadVideo({ taskId, round: 1, filePath }));
const extract = (numFrames: number): Promise<FramesOutput> => perform(() => steps.extractFrames({ taskId, round: 1, numFrames }));
const refusal = async (work: Promise<unknown>): Promise<InputError> => {
  const error: unknown = await work.then(() => null, (e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
};

async function makeVideo(name: string, ...options: string[]): Promise<string> {
  const file = join(base, "in", name);
  await ffmpegForTests("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=2", ...(options.length > 0 ? options : ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10"]), file);
  return file;
}

describe("downloadVideo", () => {
  it("stores a local video that browsers play, with its index and description, and the same again", async () => {
    const file = await makeVideo("a b.mp4");
    const output = await download(file);
    expect(output).toMatchObject({ sourceKey: `videos/${taskId}/source.mp4`, browserKey: `videos/${taskId}/source.mp4`, originalPath: file, width: 96, height: 64, fps: 25, numFrames: 50, notes: [] });
    expect(output.durationS).toBeCloseTo(2, 6);
    expect((await storage.read(output.sourceKey)).equals(await readFile(file))).toBe(true);
    expect((await readJson<PacketIndex>(storage, `videos/${taskId}/packets.json`)).pts).toHaveLength(50);
    await rm(file);
    expect(await download(file)).toEqual(output);
    expect(await storage.list("videos/")).toEqual([`videos/${taskId}/packets.json`, `videos/${taskId}/source.mp4`, `videos/${taskId}/video.json`]);
  });

  it("takes another video when the path has changed", async () => {
    await download(await makeVideo("a.mp4"));
    const output = await download(await makeVideo("b.avi", "-c:v", "mjpeg"));
    expect(output.sourceKey).toBe(`videos/${taskId}/source.avi`);
    expect((await readJson<VideoInfo>(storage, `videos/${taskId}/video.json`)).codec).toBe("mjpeg");
  });

  it("makes a proxy with the same frames for what browsers do not play, and says so", async () => {
    const output = await download(await makeVideo("a.avi", "-c:v", "mjpeg"));
    expect(output.browserKey).toBe(`videos/${taskId}/proxy.mp4`);
    expect(output.notes.join()).toMatch(/Browsers do not play/);
    const index = await createVideoTools({}).index({ file: await storage.localPath(output.browserKey) });
    expect(index.pts).toHaveLength(50);
    expect(await readdir(join(base, "work"))).toEqual([]);
  });

  it("notes a variable rate, and does not where a clock only rounds", async () => {
    const rounding = await download(await makeVideo("thirty.mkv", "-vf", "fps=30", "-c:v", "libx264", "-pix_fmt", "yuv420p"));
    expect(rounding.notes.join()).not.toMatch(/rate varies/);
    const varying = await download(await makeVideo("vary.mkv", "-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "passthrough", "-c:v", "libx264", "-pix_fmt", "yuv420p"));
    expect(varying.notes.join()).toMatch(/rate varies/);
  });

  it("downloads a URL after a cut connection, and leaves nothing in the work folder", async () => {
    const content = await readFile(await makeVideo("a.mp4"));
    let requests = 0;
    const server = createServer((request, response) => {
      requests++;
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, { etag: '"v"', "content-length": content.length - start, "content-range": `bytes ${start}-${content.length - 1}/${content.length}` });
      if (requests === 1) response.write(content.subarray(0, 5000), () => setTimeout(() => response.destroy(), 50));
      else response.end(content.subarray(start));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/movies/clip.mp4?token=x`;
      await expect(download(url)).rejects.not.toBeInstanceOf(InputError);
      const output = await download(url);
      expect(output).toMatchObject({ sourceKey: `videos/${taskId}/source.mp4`, bytes: content.length, numFrames: 50 });
      expect((await storage.read(output.sourceKey)).equals(content)).toBe(true);
      expect(beats.some((beat) => beat.unit === "bytes" && beat.done > 5000 && beat.total === content.length)).toBe(true);
      expect(await readdir(join(base, "work", "downloads"))).toEqual([]);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("ends at once when it is cancelled, and the next attempt goes on", async () => {
    const content = await readFile(await makeVideo("a.mp4"));
    const ranges: (string | undefined)[] = [];
    const environment = new MockActivityEnvironment();
    const server = createServer((request, response) => {
      ranges.push(request.headers.range);
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, { etag: '"v"', "content-length": content.length - start, "content-range": `bytes ${start}-${content.length - 1}/${content.length}` });
      if (ranges.length > 1) response.end(content.subarray(start));
      // Never finished: only the cancellation ends this answer.
      else response.write(content.subarray(0, 4000), () => setTimeout(() => environment.cancel(), 100));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const filePath = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.mp4`;
      await expect(environment.run(steps.downloadVideo, { taskId, round: 1, filePath })).rejects.toBeInstanceOf(CancelledFailure);
      expect((await download(filePath)).numFrames).toBe(50);
      expect(ranges).toEqual([undefined, "bytes=4000-"]);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it.each(Object.entries(BAD_FILES))("refuses %s and stores nothing", async (_name, { make }) => {
    const folder = join(base, "in", "bad");
    await mkdir(folder);
    const error = await refusal(download(await make(folder)));
    expect(error.field).toBe("file_path");
    expect(await storage.list("videos/")).toEqual([]);
  });

  it.each([
    ["s3://bucket/key.mp4", /s3:\/\/ addresses cannot be read yet/],
    ["ftp://host/a.mp4", /cannot be fetched by ftp/],
    ["file:///etc/passwd", /cannot be fetched by file/],
    ["http://127.0.0.2/a.mp4", /private or reserved/],
    ["http://", /cannot be read/],
    ["/etc/passwd", /outside of the allowed folders/],
    ["relative.mp4", /not absolute/],
  ])("refuses %s", async (filePath, says) => {
    expect((await refusal(download(filePath))).message).toMatch(says);
  });

  it("refuses a link that leads out of the allowed folders", async () => {
    const file = await makeVideo("a.mp4");
    await mkdir(join(base, "private"));
    await cp(file, join(base, "private", "b.mp4"));
    await symlink(join(base, "private", "b.mp4"), join(base, "in", "link.mp4"));
    expect((await refusal(download(join(base, "in", "link.mp4")))).message).toMatch(/outside/);
  });

  it("says how much room is needed where the disk is too full", async () => {
    const file = await makeVideo("a.mp4");
    // Sparse: as large as no disk of a test machine.
    await truncate(file, 2 ** 43);
    expect((await refusal(download(file))).message).toMatch(/too full.*MB are needed/);
  });
});

describe("extractFrames", () => {
  it("takes exact, evenly spread frames with their times, the same each time", async () => {
    await download(await makeVideo("a.mp4"));
    const output = await extract(5);
    expect(output).toEqual({ framesKey: `frames/${taskId}/frames.json`, numFrames: 5, notes: [] });
    const list = await readJson<FrameList>(storage, output.framesKey);
    expect(list).toMatchObject({ task_id: taskId, width: 96, height: 64 });
    expect(list.frames.map((f) => f.frame)).toEqual([5, 15, 25, 35, 45]);
    expect(list.frames.map((f) => Math.round(f.time * 1000))).toEqual([200, 600, 1000, 1400, 1800]);
    const before = await Promise.all(list.frames.map((f) => storage.read(f.image_key)));
    expect(await sharp(before[0]).metadata()).toMatchObject({ width: 96, height: 64, format: "jpeg" });
    await extract(5);
    const after = await Promise.all(list.frames.map((f) => storage.read(f.image_key)));
    expect(after.every((bytes, i) => bytes.equals(before[i] ?? Buffer.alloc(0)))).toBe(true);
  });

  it("gives every frame of a video that has just as many, and removes those of an earlier choice", async () => {
    await download(await makeVideo("a.mp4"));
    await extract(50);
    expect((await storage.list(`frames/${taskId}/`)).length).toBe(51);
    await extract(3);
    expect(await storage.list(`frames/${taskId}/`)).toEqual([8, 24, 41].map((n) => `frames/${taskId}/${String(n).padStart(8, "0")}.jpg`).concat(`frames/${taskId}/frames.json`));
  });

  it("says how many frames there are when they are too few", async () => {
    await download(await makeVideo("a.mp4"));
    const error = await refusal(extract(51));
    expect(error.field).toBe("num_frames");
    expect(error.message).toMatch(/50 frames/);
  });

  it("one frame is enough for one", async () => {
    await download(await makeVideo("one.mp4", "-frames:v", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p"));
    expect((await extract(1)).numFrames).toBe(1);
  });

  it("looks for frames that differ, and takes the like ones where nothing moves", async () => {
    // Still, but for a square that is there in one sixth of each second part.
    const scene = "color=gray:size=96x64:rate=30:duration=4,drawbox=x=10:y=10:w=20:h=20:color=white:t=fill:enable='between(mod(n,60),33,42)'";
    const file = join(base, "in", "still.mp4");
    await ffmpegForTests("-f", "lavfi", "-i", scene, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10", file);
    await download(file);
    const output = await extract(4);
    const list = await readJson<FrameList>(storage, output.framesKey);
    expect(list.frames[0]?.frame).toBe(15);
    expect([35, 40]).toContain(list.frames[1]?.frame);
    expect(list.frames.map((f) => Math.floor(f.frame / 30))).toEqual([0, 1, 2, 3]);
    expect(output.notes.join()).toMatch(/2 of 4 frames look like another/);
  });

  it("keeps to the frames that can be decoded in a damaged video", async () => {
    const file = await makeVideo("a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10", "-movflags", "+faststart");
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, Math.floor(bytes.length * 0.4)));
    const video = await download(file);
    expect(video.numFrames).toBeLessThan(50);
    expect(video.notes.join()).toMatch(/may be cut off/);
    const output = await extract(5);
    expect(output.numFrames).toBe(5);
    for (const { image_key } of (await readJson<FrameList>(storage, output.framesKey)).frames) expect(await storage.size(image_key)).toBeGreaterThan(500);
  });
});

describe("uploadResults", () => {
  const upload = (...paths: string[]): Promise<UploadOutput> => perform(() => steps.uploadResults({ taskId, round: 1, destinations: paths.map((path) => ({ path })) }));

  beforeEach(async () => {
    const prefix = `inference_results/${taskId}/`;
    for (const [name, text] of [["result.json", "{}"], ["tracks.csv", "a,b"], ["segments/p/00000.ndjson", "x"], ["round-2/result.json", "later"]] as const) await storage.put(prefix + name, text);
  });

  it("copies the results, not their raw material, and replaces them when done again", async () => {
    const folder = join(base, "in", "out", "deep");
    expect(await upload(folder)).toEqual({ destinations: [join(folder, taskId)], files: 2, bytes: 5 });
    expect((await readdir(join(folder, taskId))).toSorted()).toEqual(["result.json", "tracks.csv"]);
    await storage.put(`inference_results/${taskId}/result.json`, '{"new":1}');
    await upload(folder);
    expect(await readFile(join(folder, taskId, "result.json"), "utf8")).toBe('{"new":1}');
    expect((await readdir(join(folder, taskId))).toSorted()).toEqual(["result.json", "tracks.csv"]);
  });

  it("has nothing to do without destinations", async () => {
    expect(await upload()).toEqual({ destinations: [], files: 0, bytes: 0 });
  });

  it("refuses a destination outside, naming which, before it writes to any", async () => {
    await mkdir(join(base, "elsewhere"));
    await symlink(join(base, "elsewhere"), join(base, "in", "link"));
    const error = await refusal(upload(join(base, "in", "ok"), join(base, "in", "link", "x")));
    expect(error.field).toBe("upload[1].path");
    expect(await readdir(join(base, "in"))).toEqual(["link"]);
    expect(await readdir(join(base, "elsewhere"))).toEqual([]);
  });
});
