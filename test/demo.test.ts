import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-no-demo-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("says what is wrong with the video, and leaves nothing running", async () => {
  await writeFile(join(folder, "truth.json"), JSON.stringify({ class: "mouse", keypoints: [], tracks: ["a"], frames: 1, width: 64, height: 48, fps: 30, labels: [] }));
  const demo = promisify(execFile)(process.execPath, ["--import", "tsx", "scripts/demo.ts", "--exit", "--home", folder, "--video", join(folder, "missing.mp4"), "--truth", join(folder, "truth.json")]);
  const { code, stderr } = await demo.then(
    () => expect.unreachable("the demo has gone well"),
    (error: unknown) => error as { code: number; stderr: string },
  );
  expect(code).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(/missing\.mp4.*check the path/)]);
  // The processes' working folders and databases lie there.
  const { stdout } = await promisify(execFile)("ps", ["axww", "-o", "args="]);
  expect(stdout.split("\n").filter((line) => line.includes(folder) && !line.startsWith("ps "))).toEqual([]);
});
