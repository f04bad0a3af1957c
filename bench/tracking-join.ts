import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JoinJob, JoinResult } from "../activities/results/join-files.ts";
import type { ResultMetadata } from "../domain/result.ts";
import { commandOf, median, rounded, spreadOf, type BenchContext, type Figure } from "./figure.ts";
import { writeSegments } from "./tracking/long-segments.ts";
import { run } from "./tracking/python.ts";

const [COST, MEMORY] = ["join_cost", "join_memory_mb"] as const;
const [SHORT, LONG, ROUNDS] = [100_000, 500_000, 3];

type Taken = JoinResult & { seconds: number; startMb: number; peakMb: number };

/** Joining, tracking, smoothing and writing result.json, of three animals that meet each few seconds: what 100,000 frames take, and what more of them take. */
export const bench = {
  names: [COST, MEMORY],
  async run({ say }: BenchContext): Promise<Figure[]> {
    const folder = await mkdtemp(join(tmpdir(), "actverse-join-"));
    try {
      say(`  writing segments of ${LONG} frames`);
      const segments = await writeSegments({ folder, frames: LONG });
      const share = (frames: number): string[] => segments.slice(0, (segments.length * frames) / LONG);
      const taken = async (frames: number): Promise<Taken> => {
        const job: JoinJob = { segments: share(frames), output: join(folder, "result.json"), metadata: { origin_width: 1280, origin_height: 720 } as ResultMetadata, tracker: { numAnimals: 3, fps: 30, frameSkip: 0 }, pairs: [[1, 2]] };
        const found = JSON.parse(await run({ command: process.execPath, args: ["--import", "tsx", join(import.meta.dirname, "tracking", "join-child.ts"), JSON.stringify(job)] })) as Taken;
        if (found.frames !== frames || found.ids !== 3) throw new Error(`${found.frames} rows and ${found.ids} ids came out of ${frames} frames of 3 animals`);
        return found;
      };
      const short: Taken[] = [];
      for (let round = 0; round < ROUNDS; round += 1) short.push(await taken(SHORT));
      const long = await taken(LONG);
      const per = (LONG - SHORT) / SHORT;
      const growth = short.map(({ peakMb }) => (long.peakMb - peakMb) / per);
      const seconds = short.map((one) => one.seconds);
      const more = (name: string, values: number[]): Pick<Figure, "name" | "better" | "command" | "spread" | "goal"> => ({ name, better: "lower", goal: null, command: commandOf(name), spread: spreadOf(values.map((value) => rounded(value, 1))) });
      return [
        { ...more(COST, seconds), value: rounded(median(seconds), 1), unit: "CPU seconds per 100,000 frames", note: `of a video of ${SHORT} frames with 3 animals; ${rounded((long.seconds * SHORT) / LONG, 1)} s per 100,000 of one of ${LONG}` },
        { ...more(MEMORY, growth), value: rounded(median(growth), 1), unit: "MB per 100,000 frames more", note: `greatest resident memory of the joining process: ${Math.round(median(short.map(({ peakMb }) => peakMb)))} MB at ${SHORT} frames, ${Math.round(long.peakMb)} MB at ${LONG}; ${Math.round(long.startMb)} MB of it before the first` },
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};
