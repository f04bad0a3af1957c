import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Truth } from "../../domain/result.ts";
import { makeSample } from "../../scripts/sample/make-sample.ts";
import { median, type BenchContext } from "../figure.ts";

/** What the benchmarks of video work share. */

const ROUNDS = 5;

export const ffmpeg = (...args: string[]): Promise<unknown> => promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args], { maxBuffer: 2 ** 24 });

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "actverse-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Sample {
  file: string;
  truth: Truth;
}

/** 40 s of 1280x720 at 30 frames a second, three animals; kept from run to run. */
export async function sampleVideo({ cache, say }: BenchContext): Promise<Sample> {
  const folder = join(cache, "sample-720p");
  if (!existsSync(join(folder, "truth.json"))) {
    say("  making a video of 1,200 frames");
    await makeSample({ folder });
  }
  return { file: join(folder, "sample.mp4"), truth: JSON.parse(await readFile(join(folder, "truth.json"), "utf8")) as Truth };
}

/** Times two ways in turns, after one of each that does not count: the ratios of `first` to `second`, and the middle of the seconds of each. */
export async function inTurns(first: () => Promise<void>, second: () => Promise<void>): Promise<{ ratios: number[]; seconds: [number, number] }> {
  const timed = async (work: () => Promise<void>): Promise<number> => {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };
  const pairs: [number, number][] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const pair: [number, number] = [await timed(first), await timed(second)];
    if (round > 0) pairs.push(pair);
  }
  return { ratios: pairs.map(([a, b]) => a / b), seconds: [median(pairs.map(([a]) => a)), median(pairs.map(([, b]) => b))] };
}
