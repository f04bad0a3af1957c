import { join } from "node:path";
import { commandOf, median, rounded, type Bench, type BenchContext, type Figure } from "./figure.ts";
import { readStreaming } from "./long/read-streaming.ts";
import { phaseOf, runLong, type LongRun } from "./long/run-long.ts";
import type { Sample } from "./long/processes.ts";
import { longVideo } from "./long/video.ts";

const [GROWTH, EXPORTS] = ["memory_growth_8h", "memory_exports_8h_mb"] as const;
/** For trying this out, a shorter video: ACTVERSE_BENCH_HOURS. */
const HOURS = Number(process.env["ACTVERSE_BENCH_HOURS"] ?? 8);
/** With 5 the smallest model is done in a minute, and a tenth of that is shorter than the time between two collections of garbage. */
const FPS = 25;

/** Whether a process needs more memory at the end of a long video than at its beginning, and what the outputs need. */
export const bench: Bench = {
  names: [GROWTH, EXPORTS],
  long: true,
  async run({ cache, say }: BenchContext): Promise<Figure[]> {
    const video = await longVideo({ cache, seconds: HOURS * 3600, fps: FPS });
    const earlier = await longVideo({ cache, seconds: 1800, fps: FPS });
    return await runLong({ video, first: earlier, home: join(cache, "long-memory"), say, workers: { "worker of workflows": ["pipeline"], "worker of inference": ["inference"], "worker of results": ["results"], "worker of the rest": ["video", "frames", "labeling", "training", "deployment", "notify"] } }, async (run) => {
      const inference = phaseOf(run.spans, (name) => name === "inferSegment");
      const growths = growthsOf(run.samples, inference);
      const worst = growths.toSorted((a, b) => b.percent - a.percent)[0]!;
      const exports = exportsOf(run);
      const sent = await readStreaming(`${run.apiUrl}/tasks/${run.runId}/results/result.json`, run.pids["api"]!);
      const minutes = (from: number, to: number): string => `${rounded((to - from) / 60_000, 1)} min`;
      const what = `${video.frames} frames of 160x120 (${HOURS} h at ${FPS} a second) with ${video.animals} animals, in processes that had done ${earlier.frames} frames before`;
      return [
        {
          name: GROWTH, value: rounded(worst.percent, 1), unit: "% more resident memory", goal: 5, better: "lower", spread: [rounded(Math.min(...growths.map(({ percent }) => percent)), 1), rounded(worst.percent, 1)], command: commandOf(GROWTH),
          note: `median of the last tenth of the inference against that of the first, of the process that grew most; ${what}, inferred in ${minutes(inference.from, inference.to)}; ${growths.map(({ name, first, last }) => `${name} ${Math.round(first)} to ${Math.round(last)} MB`).join(", ")}`,
        },
        {
          name: EXPORTS, value: Math.round(Math.max(...exports.map(({ more }) => more))), unit: "MB", goal: null, better: "lower", spread: [Math.round(Math.min(...exports.map(({ more }) => more))), Math.round(Math.max(...exports.map(({ more }) => more)))], command: commandOf(EXPORTS),
          note: `how much more resident memory the worker of results and its ffmpeg need at most than before the joining, of the step that needs most; ${what}; ${exports.map(({ name, more, from, to }) => `${name} ${Math.round(more)} MB in ${Math.round((to - from) / 1000)} s`).join(", ")}; the API while it sends result.json (${Math.round(sent.bytes / 1e6)} MB): ${Math.round(sent.moreMb)} MB more`,
        },
      ];
    });
  },
};

/** By process: median of the first and of the last tenth of the time. Of ffmpeg, of which there is another one each second, the most: when it was looked at tells more of one than its size. */
function growthsOf(samples: Sample[], { from, to }: { from: number; to: number }): { name: string; first: number; last: number; percent: number }[] {
  const tenth = (to - from) / 10;
  const within = (begin: number, end: number): Sample[] => samples.filter(({ at }) => at >= begin && at < end);
  const [first, last] = [within(from, from + tenth), within(to - tenth, to)];
  if (first.length < 5 || last.length < 5) throw new Error(`${first.length} and ${last.length} samples are too few: the video is too short`);
  const names = new Set(first.flatMap(({ mb }) => Object.keys(mb)));
  return [...names].map((name) => {
    const of = (tenths: Sample[]): number => (name === "ffmpeg" ? (seen: number[]) => Math.max(...seen) : median)(tenths.flatMap(({ mb }) => mb[name] ?? []));
    const [begin, end] = [of(first), of(last)];
    return { name, first: begin, last: end, percent: 100 * (end / begin - 1) };
  });
}

/** By step: the most that the worker of results and its children had, less what it had before the first. */
function exportsOf({ samples, spans }: Pick<LongRun, "samples" | "spans">): { name: string; more: number; from: number; to: number }[] {
  const steps = spans.filter(({ name }) => name !== "inferSegment" && samples.length > 0).filter(({ from }) => from >= phaseOf(spans, (name) => name === "joinSegments").from);
  const of = ({ mb }: Sample): number => (mb["worker of results"] ?? 0) + (mb["ffmpeg"] ?? 0);
  const before = of(samples.findLast(({ at, mb }) => at < steps[0]!.from && mb["ffmpeg"] === undefined)!);
  return steps.flatMap(({ name, from, to }) => {
    const during = samples.filter(({ at }) => at >= from && at <= to);
    return during.length === 0 ? [] : [{ name, from, to, more: Math.max(...during.map(of)) - before }];
  });
}
