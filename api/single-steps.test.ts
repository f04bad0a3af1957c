import { access, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDownloadSteps } from "../activities/download.ts";
import { asFailures } from "../activities/failures.ts";
import { createFrameSteps } from "../activities/frames.ts";
import { readJson } from "../adapters/storage/storage.ts";
import { ffmpegForTests } from "../adapters/video/fixtures.test-suite.ts";
import { createVideoTools } from "../adapters/video/ffmpeg.ts";
import type { FrameList, Snapshot } from "../domain/labels.ts";
import { frameKeys, resultKeys } from "../domain/layout.ts";
import type { DownloadInput } from "../domain/steps.ts";
import { until } from "../scripts/child.ts";
import type { App } from "./context.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";

/** The steps for videos, frames and labels on their own, over the API, with the pipeline's own activities and a real video. */

let lab: Lab;
let app: App;
let folder: string;
let video: string;
const WAIT = { prefer: "wait=60" };

beforeAll(async () => {
  let allowed = "";
  lab = await startLab({
    activities: (storage) => {
      const deps = () => ({ storage, video: createVideoTools({ threads: 1 }), files: { allowedRoots: [allowed], allowedHosts: ["127.0.0.1"], maxBytes: 1e9 }, workFolder: join(dirname(allowed), "work") });
      return asFailures({ downloadVideo: (input: DownloadInput) => createDownloadSteps(deps()).downloadVideo(input), ...createFrameSteps({ storage, video: createVideoTools({ threads: 1 }), workFolder: "/tmp" }) });
    },
  });
  folder = dirname(lab.video);
  allowed = folder;
  video = join(folder, "mice.mp4");
  await ffmpegForTests("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10", video);
  app = await lab.app();
  await lab.startWorkers();
}, 120_000);
afterAll(() => lab.stop());

const post = (url: string, body: object, headers: Record<string, string> = WAIT) => send(app, "POST", url, { body, headers });
const events = async (runId: string) => ((await send(app, "GET", `/tasks/${runId}/timeline`)).body["timeline"] as { event: string }[]).map(({ event }) => event);

describe("POST /video/download", () => {
  it("puts the video into storage and into the folder, once for one Idempotency-Key", async () => {
    const to = join(folder, "new", "deeper");
    const headers = { ...WAIT, "idempotency-key": "download" };
    const answer = await post("/video/download", { file_path: video, download_path: to }, headers);
    expect(answer, answer.text).toMatchObject({ status: 200, body: { task_id: answer.body["run_id"], result: { download_path: join(to, "mice.mp4"), width: 96, height: 64, numFrames: 50 } } });
    expect(await readFile(join(to, "mice.mp4"))).toEqual(await readFile(video));
    expect(await readdir(to)).toEqual(["mice.mp4"]);
    expect((await lab.storage.read(answer.body["result"].sourceKey as string)).equals(await readFile(video))).toBe(true);
    expect(await events(answer.body["run_id"] as string)).toEqual(["video.download.requested", "video.downloaded"]);
    expect((await post("/video/download", { file_path: video, download_path: to }, headers)).body["run_id"]).toBe(answer.body["run_id"]);
    expect((await post("/video/download", { file_path: video, download_path: folder }, headers)).status).toBe(422);
  });

  it("replaces no other file, and goes on after a retry with another folder", async () => {
    const to = join(folder, "taken");
    await mkdir(to);
    await writeFile(join(to, "mice.mp4"), "something else");
    const parked = await post("/video/download", { file_path: video, download_path: to });
    expect(parked).toMatchObject({ status: 422, body: { detail: expect.stringContaining("another file") } });
    expect(await readFile(join(to, "mice.mp4"), "utf8")).toBe("something else");
    const runId = String(parked.headers["location"]).split("/").at(-1)!;
    expect((await post(`/tasks/${runId}/retry`, { step: "download", settings: { upload: [{ path: join(folder, "free") }] } })).status).toBe(202);
    expect((await untilStatus(app, runId, "completed"))["steps"]).toMatchObject([{ result: { download_path: join(folder, "free", "mice.mp4") } }]);
  });

  it.each([
    [400, "file_path", { file_path: "/etc/passwd" }],
    [400, "file_path", { file_path: "mice.mp4" }],
    [400, "file_path", { file_path: undefined }],
    [400, "download_path", { download_path: "/etc" }],
    [400, "download_path", { download_path: "s3://bucket/x" }],
    [400, "download_paths", { download_paths: "x" }],
    [404, "file_path", { file_path: "DIR/none.mp4" }],
  ])("%i %s %j", async (status, field, part) => {
    const body = JSON.parse(JSON.stringify({ file_path: video, download_path: folder, ...part }).replace("DIR", folder)) as object;
    expect(await post("/video/download", body)).toMatchObject({ status, body: { field } });
  });

  it("answers at once where it is not waited for, and parks where the file is no video", async () => {
    const { status, body } = await post("/video/download", { file_path: lab.video, download_path: folder }, {});
    expect([status, body["status_url"]]).toEqual([202, `/status/${body["run_id"]}`]);
    expect((await untilStatus(app, body["run_id"] as string, "parked"))["steps"]).toMatchObject([{ name: "download", what_to_do: expect.stringMatching(/./) }]);
    expect((await send(app, "POST", `/tasks/${body["run_id"]}/cancel`)).status).toBe(202);
    await untilStatus(app, body["run_id"] as string, "cancelled");
  });
});

describe("POST /video/extract-frames", () => {
  it("takes frames out of the video", async () => {
    const { status, body, text } = await post("/video/extract-frames", { file_path: video, num_frames: 4 });
    expect(status, text).toBe(200);
    const runId = body["run_id"] as string;
    expect(body["result"]).toMatchObject({ frame_path: `frames/${runId}/`, numFrames: 4 });
    const list = await readJson<FrameList>(lab.storage, frameKeys(runId, 1).list);
    expect(list.frames.map(({ frame }) => frame)).toEqual([6, 18, 31, 43]);
    expect(await sharp(await lab.storage.read(list.frames[0]!.image_key)).metadata()).toMatchObject({ width: 96, height: 64 });
    expect(await events(runId)).toEqual(["frames.extraction.requested", "frames.extracted"]);
  });

  it.each([
    [400, "file_path", { file_path: "/etc/passwd" }],
    [400, "num_frames", { num_frames: 0 }],
    [404, "file_path", { file_path: "DIR/none.mp4" }],
  ])("%i %s %j", async (status, field, part) => {
    const body = JSON.parse(JSON.stringify({ file_path: video, num_frames: 2, ...part }).replace("DIR", folder)) as object;
    expect(await post("/video/extract-frames", body)).toMatchObject({ status, body: { field } });
  });
});

describe("POST /video/upload", () => {
  it("copies a file of an allowed folder, and one of a task's data", async () => {
    const to = join(folder, "out");
    const { body, text } = await post("/video/upload", { file_path: video, upload_path: to });
    expect(body["result"], text).toMatchObject({ upload_path: join(to, "mice.mp4"), bytes: (await readFile(video)).length });
    const runId = body["run_id"] as string;
    await lab.storage.put(resultKeys(runId, 1).tracksCsv, "frame,id\n");
    const again = await post("/video/upload", { file_path: resultKeys(runId, 1).tracksCsv, upload_path: to });
    expect(again.body["result"], again.text).toEqual({ upload_path: join(to, "tracks.csv"), bytes: 9 });
    expect(await readFile(join(to, "tracks.csv"), "utf8")).toBe("frame,id\n");
    expect(await events(again.body["run_id"] as string)).toEqual(["results.uploaded"]);
    // The same once more is nothing new.
    expect((await post("/video/upload", { file_path: video, upload_path: to })).status).toBe(200);
    expect((await readdir(to)).toSorted()).toEqual(["mice.mp4", "tracks.csv"]);
  });

  it.each([
    [404, "file_path", { file_path: "DIR/none.mp4" }],
    [404, "task_id", { file_path: "inference_results/0123456789ab/tracks.csv" }],
    [400, "file_path", { file_path: "auth/keys.json" }],
    [400, "file_path", { file_path: "videos/0123456789ab/../../auth/keys.json" }],
    [400, "upload_path", { upload_path: "/etc" }],
  ])("%i %s %j", async (status, field, part) => {
    const body = JSON.parse(JSON.stringify({ file_path: video, upload_path: folder, ...part }).replace("DIR", folder)) as object;
    expect(await post("/video/upload", body)).toMatchObject({ status, body: { field } });
  });
});

describe("POST /labeling", () => {
  const object = { id: "a", class: "mouse", box: [1, 2, 30, 40], keypoints: [], source: "person", confirmed: true };
  const label = async (runId: string, frames: number[]) => {
    await until("labels to be waited for", 60, async () => ((await send(app, "GET", `/labeling/${runId}`)).body["waiting"] === true ? true : null));
    for (const frame of frames) expect((await send(app, "PUT", `/labeling/${runId}/frames/${frame}`, { body: { version: 0, reviewed: true, objects: [object] } })).status).toBe(200);
  };

  it("has extracted frames labeled and approved as a task's, and answers with the snapshot", async () => {
    const frames = (await post("/video/extract-frames", { file_path: video, num_frames: 2 })).body["result"] as { frame_path: string };
    const { status, body, text } = await post("/labeling", { folder_path: frames.frame_path, user_id: "ada", classes: ["mouse"] }, {});
    expect(status, text).toBe(202);
    const runId = body["run_id"] as string;
    await label(runId, [12, 37]);
    expect((await send(app, "GET", `/labeling/${runId}`)).body).toMatchObject({ task_id: runId, status: "IN_PROGRESS", frames: 2, reviewed: 2, url: `/label/${runId}` });
    expect((await send(app, "GET", `/labeling/${runId}/frames/12/image`)).headers["content-type"]).toBe("image/jpeg");
    expect((await post(`/labeling/${runId}/reject`, { comments: [{ frame: 12, comment: "the tail" }] })).status).toBe(202);
    expect((await send(app, "PUT", `/labeling/${runId}/frames/12`, { body: { version: 2, reviewed: true, objects: [object] } })).status).toBe(200);
    const approved = await post(`/labeling/${runId}/approve`, {});
    expect(approved, approved.text).toMatchObject({ status: 202, body: { frames: 2 } });
    const end = await untilStatus(app, runId, "completed");
    expect(end).toMatchObject({ user_id: "ada", steps: [{ name: "labeling", result: { snapshotKey: approved.body["snapshot_key"], frames: 2 } }] });
    const snapshot = await readJson<Snapshot>(lab.storage, approved.body["snapshot_key"] as string);
    expect(snapshot.frames.map(({ frame }) => frame)).toEqual([12, 37]);
    expect(await events(runId)).toEqual(["labeling.requested", "labeling.rejected", "labeling.approved", "labeling.completed"]);
    expect((await send(app, "GET", `/labeling/${runId}`)).body["status"]).toBe("COMPLETED");
    // Its labels are approved, but it is no task that could begin a round.
    expect((await post(`/labeling/${runId}/rounds`, {})).status).toBe(404);
  });

  it("takes a folder of images, for a task whose classes it then has", async () => {
    const images = join(folder, "images");
    await mkdir(images);
    const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: "#336699" } });
    await picture.clone().jpeg().toFile(join(images, "00000007.jpg"));
    await picture.clone().png().toFile(join(images, "00000003.png"));
    await writeFile(join(images, "notes.txt"), "no image");
    await lab.stopWorkers();
    // The pipeline has not come to its labels: who asks for them is told of this labeling.
    const taskId = (await post("/tasks/", { ...lab.body, classes: ["mouse"], keypoints: ["nose"], project: "cage" })).body["task_id"] as string;
    const { body, text } = await post("/labeling", { folder_path: images, task_id: taskId, user_id: "ada", keypoints: [] }, {});
    const runId = body["run_id"] as string;
    expect(body["task_id"], text).toBe(taskId);
    await until("the labeling to be listed", 30, async () => ((await send(app, "GET", `/labeling/${taskId}`)).body["task_id"] === runId ? true : null));
    await send(app, "POST", `/tasks/${taskId}/cancel`);
    await lab.startWorkers();
    await label(runId, [3, 7]);
    expect((await send(app, "GET", `/labeling/${runId}/frames`)).body).toMatchObject({ title: `cage - ${runId}`, classes: ["mouse"], keypoints: [] });
    expect((await post(`/labeling/${runId}/approve`, {})).status).toBe(202);
    await untilStatus(app, runId, "completed");
  });

  it("parks where the images differ in size, and where one is none", async () => {
    const images = join(folder, "odd");
    await mkdir(images);
    for (const width of [64, 32]) await sharp({ create: { width, height: 48, channels: 3, background: "red" } }).png().toFile(join(images, `${width}.png`));
    expect(await post("/labeling", { folder_path: images, user_id: "ada" })).toMatchObject({ status: 422, body: { detail: expect.stringContaining("differ in size") } });
    await writeFile(join(images, "32.png"), "no image");
    const broken = await post("/labeling", { folder_path: images, user_id: "ada" });
    expect(broken).toMatchObject({ status: 422, body: { detail: expect.stringContaining("32.png") } });
    await access(join(images, "32.png"));
  });

  it.each([
    [400, "folder_path", { folder_path: "/etc" }],
    [400, "folder_path", { folder_path: "images" }],
    [400, "folder_path", { folder_path: "labels/0123456789ab/" }],
    [400, "folder_path", { folder_path: "DIR/mice.mp4" }],
    [400, "folder_path", { folder_path: undefined }],
    [400, "user_id", { user_id: undefined }],
    [404, "folder_path", { folder_path: "DIR/none" }],
    [404, "task_id", { folder_path: "frames/0123456789ab/" }],
    [404, "task_id", { task_id: "0123456789ab" }],
  ])("%i %s %j", async (status, field, part) => {
    const body = JSON.parse(JSON.stringify({ folder_path: folder, user_id: "ada", ...part }).replace("DIR", folder)) as object;
    expect(await post("/labeling", body)).toMatchObject({ status, body: { field } });
  });
});
