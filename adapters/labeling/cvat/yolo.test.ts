import { strFromU8, unzipSync, zipSync } from "fflate";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { drawn, SETTINGS, TASK, writeFrames } from "../contract.test-suite.ts";
import { createHarness, removeFolders, TITLE, type CvatHarness } from "./cvat-harness.test-tools.ts";
import { startCvatServer, type CvatServer } from "./cvat-server.test-tools.ts";
import { requestDone } from "./upload.ts";
import type { CvatRequest } from "./wire.ts";

const of = { taskId: TASK, round: 1 };
const POSE = "Ultralytics YOLO Pose 1.0";
const DETECTION = "Ultralytics YOLO Detection 1.0";

/** The adapter itself reads and writes CVAT's JSON, which holds all that our labels hold; people use CVAT's own formats beside it. */
describe("CVAT's Ultralytics YOLO formats beside our labels", () => {
  let server: CvatServer;
  let harness: CvatHarness;
  beforeEach(async () => {
    server = await startCvatServer({ polls: 0 });
    harness = await createHarness(server, { framesPerJob: 20 });
    await writeFrames(harness.storage, { count: 2 });
    await harness.tool.request({ ...of, title: TITLE, settings: SETTINGS });
  });
  afterEach(() => server.close());
  afterAll(removeFolders);

  async function exported(format: string): Promise<Record<string, string>> {
    const id = (await harness.task()).cvat.task_id;
    const { rq_id: request } = await harness.client.send<{ rq_id: string }>("POST", `/api/tasks/${id}/dataset/export?format=${encodeURIComponent(format)}&save_images=false`);
    await requestDone(harness.client, request, id);
    const { result_url: address } = await harness.client.get<CvatRequest & { result_url: string }>(`/api/requests/${encodeURIComponent(request)}`);
    const response = await fetch(address, { headers: { Authorization: `Bearer ${server.token}` } });
    return Object.fromEntries(Object.entries(unzipSync(new Uint8Array(await response.arrayBuffer()))).map(([name, content]) => [name, strFromU8(content)]));
  }
  async function imported(format: string, files: Record<string, string>): Promise<void> {
    const id = (await harness.task()).cvat.task_id;
    const archive = zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)])));
    const form = new FormData();
    form.set("annotation_file", new Blob([new Uint8Array(archive)]), "labels.zip");
    const { rq_id: request } = await harness.client.send<{ rq_id: string }>("POST", `/api/tasks/${id}/annotations/?format=${encodeURIComponent(format)}`, form);
    await requestDone(harness.client, request, id);
  }

  it("exports our labels as a pose data set with our names, in our order", async () => {
    await harness.label({ round: 1, frame: 25, objects: [drawn("a", 60)], reviewed: false, by: "ann" });
    const files = await exported(POSE);
    expect(files["data.yaml"]).toContain("kpt_shape: [3, 3]\nnames:\n  0: fly\n");
    expect(files["labels/train/00000025.txt"]!.trim().split(" ").slice(5).map(Number)).toEqual([65 / 640, 20 / 480, 2, 69 / 640, 30 / 480, 1, 0, 0, 0]);
    expect((await exported(DETECTION))["labels/train/00000025.txt"]).toBe(`1 ${80 / 640} ${30 / 480} ${40 / 640} ${40 / 480}\n`);
  });

  it("reads a pose data set that somebody imported there: the box is the one around the points", async () => {
    await imported(POSE, { "data.yaml": "names:\n  0: fly\nkpt_shape: [3, 3]\n", "train.txt": "", "labels/train/00000025.txt": "0 0.5 0.5 0.25 0.25 0.25 0.5 2 0.5 0.25 1 0 0 0\n" });
    const [empty, full] = await harness.tool.read(of);
    expect(empty!.objects).toEqual([]);
    expect(full!.objects).toMatchObject([{ class: "fly", source: "person", box: [160, 120, 320, 240], keypoints: [[160, 240, 2], [320, 120, 1], [0, 0, 0]] }]);
  });

  it("reads a detection data set that somebody imported there", async () => {
    await imported(DETECTION, { "data.yaml": "names:\n  0: fly box\n", "train.txt": "", "labels/train/00000025.txt": "0 0.5 0.5 0.25 0.25\n" });
    expect((await harness.tool.read(of))[1]!.objects).toMatchObject([{ class: "fly", source: "person", box: [240, 180, 400, 300], keypoints: [[0, 0, 0], [0, 0, 0], [0, 0, 0]] }]);
  });

  it("survives an export and an import of the same, but for what the format cannot hold", async () => {
    await harness.label({ round: 1, frame: 25, objects: [drawn("a", 60), drawn("b", 300)], reviewed: false, by: "ann" });
    const before = (await harness.tool.read(of))[1]!.objects;
    await imported(POSE, await exported(POSE));
    const after = (await harness.tool.read(of))[1]!.objects;
    const rounded = (points: number[][]) => points.map((point) => point.map((value) => Math.round(value * 1e6) / 1e6));
    expect(after.map(({ keypoints }) => rounded(keypoints))).toEqual(before.map(({ keypoints }) => keypoints));
  });
});
