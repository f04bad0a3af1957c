import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createAdapters } from "../../adapters/index.ts";
import { messageOf } from "../../domain/errors.ts";
import { makeId } from "../../domain/ids.ts";
import { probeKey } from "../../domain/layout.ts";
import { readTools, type Tools } from "../../scripts/tools.ts";
import type { Config } from "../../workers/config.ts";
import { size } from "../table.ts";
import { failed, note, ok, type Finding } from "./finding.ts";

/** What runs on this machine: programs, storage, disk. */

const run = promisify(execFile);
const SET_UP = "run `npm run setup`";
/** PyTorch takes its time where the disk is slow. */
const PYTHON_MS = 120_000;

export function toolsOf(): Partial<Tools> {
  try {
    return readTools();
  } catch {
    return {};
  }
}

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 20 || (major === 20 && minor >= 19) ? ok("node", `Node.js ${version}`) : failed("node", `Node.js ${version} is too old`, "install Node.js 20.19 or later");
}

/** ffmpeg and ffprobe, and that ffmpeg can draw and encode. */
export async function checkFfmpeg(env: NodeJS.ProcessEnv, tools: Partial<Tools>): Promise<Finding> {
  const [ffmpeg, ffprobe] = [env["FFMPEG_PATH"] || (tools.ffmpeg ?? "ffmpeg"), env["FFPROBE_PATH"] || (tools.ffprobe ?? "ffprobe")];
  try {
    await run(ffprobe, ["-version"], { env });
    const ask = async (what: string): Promise<string> => (await run(ffmpeg, ["-hide_banner", what], { env, maxBuffer: 1e7 })).stdout;
    const [version, filters, encoders] = [await ask("-version"), await ask("-filters"), await ask("-encoders")];
    const lacking = [/ ass /.test(filters) ? "" : "libass", / libx264 /.test(encoders) ? "" : "libx264"].filter((name) => name !== "");
    if (lacking.length > 0) return failed("ffmpeg", `${ffmpeg} lacks ${lacking.join(" and ")}`, "install a full build of ffmpeg (on macOS: brew install ffmpeg-full)");
    return ok("ffmpeg", `${/version (\S+)/.exec(version)?.[1] ?? ""} at ${ffmpeg}`);
  } catch (error) {
    return failed("ffmpeg", firstLine(error), `${SET_UP}, or install ffmpeg and ffprobe so that both are on PATH`);
  }
}

const PROBE = "import json, torch, ultralytics; gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []; print(json.dumps({'torch': torch.__version__, 'ultralytics': ultralytics.__version__, 'gpus': gpus, 'mps': torch.backends.mps.is_available()}))";

/** The trainer's Python, and what it computes on. */
export async function checkPython(env: NodeJS.ProcessEnv, tools: Partial<Tools>, config: Config): Promise<Finding[]> {
  const python = config.trainerPython ?? tools.python ?? join(config.trainerDir, ".venv", "bin", "python");
  if (python.includes("/") && !existsSync(python)) return [failed("python", `${python} is not there`, `${SET_UP}, or set ACTVERSE_TRAINER_PYTHON`)];
  try {
    const { stdout } = await run(python, ["-c", PROBE], { env, timeout: PYTHON_MS });
    const found = JSON.parse(stdout.trim().split("\n").at(-1)!) as { torch: string; ultralytics: string; gpus: string[]; mps: boolean };
    return [ok("python", `PyTorch ${found.torch}, Ultralytics ${found.ultralytics} at ${python}`), await gpuOf(found, env)];
  } catch (error) {
    return [failed("python", `the trainer's Python cannot be used: ${lastLine(error)}`, `${SET_UP}, or correct ACTVERSE_TRAINER_PYTHON`)];
  }
}

async function gpuOf({ gpus, mps }: { gpus: string[]; mps: boolean }, env: NodeJS.ProcessEnv): Promise<Finding> {
  if (gpus.length > 0) return ok("gpu", gpus.join(", "));
  if (mps) return ok("gpu", "Apple's (mps)");
  const card = await run("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], { env }).then(({ stdout }) => stdout.trim(), () => "");
  if (card !== "") return note("gpu", `${card} is there, and PyTorch does not use it`, "install a driver that fits PyTorch's CUDA; until then trainings run on the CPU");
  return note("gpu", "none: trainings run on the CPU", "nothing, unless trainings take too long");
}

/** That what is written can be read again, and is gone when it is removed. */
export async function checkStorage(config: Config): Promise<Finding> {
  const { storage } = createAdapters(config);
  const key = probeKey(makeId());
  try {
    await storage.put(key, "doctor");
    const read = (await storage.read(key)).toString();
    await storage.remove(key);
    return read === "doctor" ? ok("storage", `${config.dataDir} can be written and read`) : failed("storage", `${config.dataDir} does not give back what was written`, "look at the disk's health");
  } catch (error) {
    return failed("storage", `${config.dataDir}: ${messageOf(error)}`, "make the folder writable, or set ACTVERSE_DATA_DIR to one that is");
  }
}

const GB = 1e9;
/** An hour of video, its frames and its results take a few; below the first nothing can be relied on. */
const [TOO_LITTLE, LITTLE] = [2 * GB, 20 * GB];

export async function checkDisk({ dataDir, workDir }: Pick<Config, "dataDir" | "workDir">, free: (folder: string) => Promise<number> = freeBytes): Promise<Finding> {
  try {
    const spaces = await Promise.all([dataDir, workDir].map(async (folder) => ({ folder, bytes: await free(folder) })));
    const least = spaces.toSorted((a, b) => a.bytes - b.bytes)[0]!;
    const detail = `${size(least.bytes)} are free at ${least.folder}`;
    if (least.bytes < TOO_LITTLE) return failed("disk", detail, "make room: `actverse delete TASK` removes what is no longer needed");
    if (least.bytes < LITTLE) return note("disk", detail, "make room before long videos come");
    return ok("disk", detail);
  } catch (error) {
    return failed("disk", messageOf(error), "see that the folder can be made, or set ACTVERSE_DATA_DIR and ACTVERSE_WORK_DIR");
  }
}

async function freeBytes(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

const firstLine = (error: unknown): string => messageOf(error).split("\n")[0]!;
const lastLine = (error: unknown): string => messageOf(error).trim().split("\n").at(-1)!;
