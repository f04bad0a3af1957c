import { existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { ffmpeg } from "../video/sample.ts";

export interface LongVideo {
  file: string;
  frames: number;
  /** Red squares that walk about, and meet; the smallest of the tests' models finds them. */
  animals: number;
}

/** By square: how fast it swings (per second, across and down) and where it begins. */
const WAYS = [[0.31, 0.23, 0, 0], [0.17, 0.29, 2, 1], [0.13, 0.37, 4, 3]] as const;
const SIDE = 40;

/** 160x120; kept in the cache from run to run. */
export async function longVideo({ cache, seconds, fps }: { cache: string; seconds: number; fps: number }): Promise<LongVideo> {
  const file = join(cache, `squares-${seconds}s-${fps}fps.mp4`);
  const video = { file, frames: seconds * fps, animals: WAYS.length };
  if (existsSync(file)) return video;
  await mkdir(cache, { recursive: true });
  const colour = (name: string, size: string): string[] => ["-f", "lavfi", "-i", `color=${name}:s=${size}:r=${fps}:d=${seconds}`];
  const overlays = WAYS.map(([across, down, x, y], i) => `[${i === 0 ? "0" : `at${i}`}][${i + 1}]overlay=x='60+55*sin(t*${across}+${x})':y='40+38*sin(t*${down}+${y})'${i === WAYS.length - 1 ? "" : `[at${i + 1}]`}`);
  const unfinished = file.replace(/\.mp4$/, ".part.mp4");
  await ffmpeg(...colour("gray", "160x120"), ...WAYS.flatMap(() => colour("red", `${SIDE}x${SIDE}`)), "-filter_complex", overlays.join(";"), "-c:v", "libx264", "-preset", "ultrafast", "-g", String(10 * fps), "-pix_fmt", "yuv420p", unfinished);
  await rename(unfinished, file);
  return video;
}
