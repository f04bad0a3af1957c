import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Box } from "../../domain/boxes.ts";

/** One frame's animals with whole-numbered ids. */
export type Identified = { id: number; box: Box; score: number }[];

/** MOTChallenge's text: frame and id from 1, left, top, width, height, confidence, class (1: the one that is evaluated), visibility. */
export const motText = (frames: Identified[]): string =>
  frames.flatMap((animals, i) => animals.map(({ id, box: [x1, y1, x2, y2], score }) => `${[i + 1, id + 1, x1, y1, x2 - x1, y2 - y1, score, 1, 1].join(",")}\n`)).join("");

/** Puts the truth and each tracker's ids where evaluate.py looks for them. */
export async function writeMot({ folder, video, truth, tracks }: { folder: string; video: string; truth: Identified[]; tracks: Record<string, Identified[]> }): Promise<void> {
  const put = async (file: string, frames: Identified[]): Promise<void> => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, motText(frames));
  };
  await put(join(folder, "gt", video, "gt", "gt.txt"), truth);
  for (const [name, frames] of Object.entries(tracks)) await put(join(folder, "trackers", name, "data", `${video}.txt`), frames);
}
