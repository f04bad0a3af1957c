import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SETTINGS, TASK, writeFrames } from "../contract.test-suite.ts";
import { createHarness, removeFolders, TITLE } from "./cvat-harness.test-tools.ts";
import { startCvatServer, type CvatServer } from "./cvat-server.test-tools.ts";

const SDK = "cvat-sdk==2.80.0";

/** The server that stands in for CVAT is only worth what it has in common with CVAT: CVAT's own client must get along with it. */
describe("CVAT's own client, against the server that stands in for CVAT", () => {
  let server: CvatServer;
  beforeAll(async () => {
    server = await startCvatServer();
  });
  afterAll(async () => {
    await server.close();
    await removeFolders();
  });

  it("finds what we made, and we find what it did", async () => {
    const harness = await createHarness(server, { framesPerJob: 2 });
    await writeFrames(harness.storage, { count: 4 });
    await harness.tool.request({ taskId: TASK, round: 1, title: TITLE, settings: SETTINGS });
    const script = join(import.meta.dirname, "cvat-sdk-check.py");
    const { stdout } = await promisify(execFile)("uv", ["run", "--no-project", "--quiet", "--with", SDK, "python", script, server.url, server.token, TITLE]);
    const seen = JSON.parse(stdout) as Record<string, unknown>;

    expect(seen).toMatchObject({
      frames: ["00000000.jpg", "00000025.jpg", "00000050.jpg", "00000075.jpg"],
      labels: { fly: ["skeleton", ["head", "wingL", "wingR"]], "fly box": ["rectangle", []] },
      jobs: [[0, 1], [2, 3]],
      prelabels: [["rectangle", 0, "auto", [100, 10, 140, 50]], ["rectangle", 2, "auto", [100, 10, 140, 50]]],
      events: [["update:job"]],
      requests: ["finished"],
      comments: ["who is this?"],
      copied: [["skeleton", 3]],
    });
    expect(seen["exported"]).toEqual(expect.arrayContaining(["data.yaml", "train.txt", "images/train/00000000.jpg", "labels/train/00000000.txt"]));
    expect((seen["row"] as string[]).slice(5).map(Number)).toEqual([65 / 640, 20 / 480, 2, 69 / 640, 30 / 480, 1, 0, 0, 0]);

    const frames = await harness.tool.read({ taskId: TASK, round: 1 });
    expect(frames.map(({ status, comment }) => [status, comment])).toEqual([["reviewed", undefined], ["reviewed", undefined], ["prelabeled", "who is this?"], ["unlabeled", undefined]]);
    expect(frames[0]!.objects).toMatchObject([{ box: [60, 10, 100, 50], keypoints: [[65, 20, 2], [69, 30, 1], [0, 0, 0]], track: "queen", source: "person", confirmed: true }]);
  });
});
