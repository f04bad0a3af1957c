import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { until } from "../../scripts/child.ts";
import { ffmpegForTests, withFolder } from "./fixtures.test-suite.ts";

const running = async (file: string): Promise<string[]> => (await promisify(execFile)("ps", ["-eo", "pid,args"])).stdout.split("\n").filter((line) => /\bffmpeg\b/.test(line) && line.includes(`file:${file}`));

it("ffmpeg ends with the process that started it, also when that is killed with SIGKILL", async () => {
  await withFolder(async (folder) => {
    const short = join(folder, "short.mp4");
    const file = join(folder, "hours.mp4");
    await ffmpegForTests("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=8", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", short);
    // Minutes of work: it cannot have ended by itself.
    await ffmpegForTests("-stream_loop", "200", "-i", short, "-c", "copy", file);
    const worker = spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL("./life-line.test-tools.ts", import.meta.url)), file, join(folder, "proxy.mp4")], { stdio: "ignore" });
    const gone = once(worker, "exit");
    try {
      await until("ffmpeg to write", 60, async () => (await stat(join(folder, "proxy.mp4"))).size > 0);
      expect(await running(file)).toHaveLength(1);
    } finally {
      worker.kill("SIGKILL");
    }
    await gone;
    await until("ffmpeg to end", 30, async () => (await running(file)).length === 0);
  });
});
