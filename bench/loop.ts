import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { commandOf, rounded, spreadOf, type Bench, type BenchContext, type Figure } from "./figure.ts";
import { LOOP_PROBE, phaseOf, runLong, type Span } from "./long/run-long.ts";
import { longVideo } from "./long/video.ts";

const BLOCKED = "loop_blocked_ms";
/** For trying this out, a shorter video: ACTVERSE_BENCH_MINUTES. */
const MINUTES = Number(process.env["ACTVERSE_BENCH_MINUTES"] ?? 60);
const FPS = 30;

/** Of one second, each the most: milliseconds that the event loop did not turn. */
interface Held {
  at: number;
  late: number;
  /** Without the time in which its thread was ready and had no core. */
  own: number;
  /** What its thread computed meanwhile. */
  run: number;
}

/** Whether anything that Actverse does holds up the event loop of its processes, over a whole long video and all outputs. One worker has all queues, as with `npm start`. */
export const bench: Bench = {
  names: [BLOCKED],
  long: true,
  async run({ cache, say }: BenchContext): Promise<Figure[]> {
    const video = await longVideo({ cache, seconds: MINUTES * 60, fps: FPS });
    const folder = join(cache, "long-loop-probes");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const env = { NODE_OPTIONS: LOOP_PROBE, ACTVERSE_BENCH_LOOP: folder };
    // Does nothing, so that it says what this machine does to everybody.
    const idle = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { env: { ...process.env, ...env }, stdio: "ignore" });
    try {
      return await runLong({ video, home: join(cache, "long-loop"), env, say }, async (run) => {
        const phase = phaseOf(run.spans, (name) => name !== "downloadVideo" && name !== "planInference" && name !== "writeRecord");
        const held = async (pid: number | undefined): Promise<Held[]> => (await heldUp(folder, pid)).filter(({ at }) => at >= phase.from && at <= phase.to);
        const [worker, api, control] = [await held(run.pids["worker"]), await held(run.pids["api"]), await held(idle.pid)];
        const values = [longest(worker, "run"), longest(api, "run")].map((value) => rounded(value, 1));
        const words = (name: string, all: Held[]): string => `${name} ${rounded(longest(all, "run"), 1)} ms (by the clock ${rounded(longest(all, "own"), 1)})`;
        const at = worker.reduce((a, b) => (b.run > a.run ? b : a)).at;
        return [
          {
            name: BLOCKED, value: Math.max(...values), unit: "ms", goal: 50, better: "lower", spread: spreadOf(values), command: commandOf(BLOCKED),
            note: `longest time that an event loop's thread computed without turning, from the first segment to the last export, and by the clock (less the time in which the thread had no core); ${words("worker", worker)}, during ${stepsAt(run.spans, at)}; ${words("API", api)}; ${words("an idle process beside them", control)}; ${video.frames} frames of 160x120 (${MINUTES} min at ${FPS} a second) and every output in ${Math.round((phase.to - phase.from) / 1000)} s`,
          },
        ];
      });
    } finally {
      idle.kill();
    }
  },
};

async function heldUp(folder: string, pid: number | undefined): Promise<Held[]> {
  if (!(await readdir(folder)).includes(`${pid}.ndjson`)) throw new Error(`process ${pid} has said nothing of its event loop`);
  return (await readFile(join(folder, `${pid}.ndjson`), "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Held);
}

const longest = (all: Held[], of: "own" | "run"): number => Math.max(0, ...all.map((one) => one[of]));

const stepsAt = (spans: Span[], at: number): string => [...new Set(spans.filter(({ from, to }) => from <= at && to >= at - 1000).map(({ name }) => name))].join(", ");
